--[[
  Fill a hash entry that was missed, if the lease still holds: whatever was pushed since has ended it.

  KEYS[1]  entry
  KEYS[2]  note of the entry, in the same slot
  ARGV[1]  token         of the reader, 16 characters
  ARGV[2]  version       64 characters
  ARGV[3]  owner         fingerprint of the source item, 8 characters
  ARGV[4]  ttl           milliseconds, 0 for ever
  ARGV[5]  name of the first field; names and values alternate from here on
  Returns  1 applied, 0 the lease is lost
]]
--@include lease
--@include fields
if not is_leased_to(redis.call('GET', KEYS[2]), ARGV[1]) or redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
set_fields(KEYS[1], ARGV[2], ARGV[3], ARGV, 5, #ARGV)
if ARGV[4] ~= '0' then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
redis.call('DEL', KEYS[2])
return 1
