--[[
  Make what people read of a sorted set or list, and its ranking, again of what the ledger knows.

  Where all members of a sorted set are shown, what people read is the ranking itself, given as both keys.

  KEYS[1]  shown         sorted set or list that people read: the highest of the ranking
  KEYS[2]  ranking       of all members held, in the same slot
  KEYS[3]  ledger        in the same slot
  ARGV[1]  type          sorted-set or list
  ARGV[2]  keep          members shown, 0 for all
  Returns  1
]]
--@include ledger
--@include ranking
--@include shown
--@include listed
end_life(KEYS[3], redis.call('TIME')[1])
redis.call('DEL', KEYS[1], KEYS[2])
heal_ranking(KEYS[3], KEYS[2])
if ARGV[1] == 'list' then
  list(KEYS[1], KEYS[3], KEYS[2], ARGV[2], nil, '')
else
  show(KEYS[1], KEYS[2], ARGV[2], '')
end
local expires = redis.call('HGET', KEYS[3], '#expires')
if expires then
  redis.call('EXPIREAT', KEYS[1], expires)
  redis.call('EXPIREAT', KEYS[2], expires)
end
return 1
