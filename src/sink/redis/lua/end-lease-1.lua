--[[
  End a lease without a fill: nothing is there, or the reader failed.

  KEYS[1]  note of the entry
  ARGV[1]  token         of the reader, 16 characters
  ARGV[2]  absent for    seconds in which no reader need look again, 0 where it is not known to be absent
  Returns  1 ended, 0 it was lost before
]]
--@include lease
local note = redis.call('GET', KEYS[1])
if not is_leased_to(note, ARGV[1]) then
  return 0
end
if ARGV[2] ~= '0' then
  redis.call('SET', KEYS[1], string.sub(note, 1, 73) .. '-', 'EX', ARGV[2])
else
  redis.call('SET', KEYS[1], string.sub(note, 1, 74), 'KEEPTTL')
end
return 1
