--[[
  Fill a JSON entry that was missed, if the lease still holds: whatever was pushed since has ended it.

  KEYS[1]  entry
  KEYS[2]  note of the entry, in the same slot
  ARGV[1]  token         of the reader, 16 characters
  ARGV[2]  value         the whole JSON text
  ARGV[3]  ttl           milliseconds, 0 for ever
  Returns  1 applied, 0 the lease is lost
]]
--@include lease
if not is_leased_to(redis.call('GET', KEYS[2]), ARGV[1]) or redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
if ARGV[3] ~= '0' then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
redis.call('DEL', KEYS[2])
return 1
