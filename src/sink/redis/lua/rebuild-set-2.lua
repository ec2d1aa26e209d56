--[[
  Make the set that people read again of what its ledger knows, counts and all.

  KEYS[1]  set           what people read: every member that some item contributes
  KEYS[2]  ledger        of the contributions, in the same slot
  Returns  1
]]
--@include ledger
--@include contributions
end_life(KEYS[2], redis.call('TIME')[1])
recount(KEYS[2])
redis.call('DEL', KEYS[1])
heal_set(KEYS[2], KEYS[1])
local expires = redis.call('HGET', KEYS[2], '#expires')
if expires then
  redis.call('EXPIREAT', KEYS[1], expires)
end
return 1
