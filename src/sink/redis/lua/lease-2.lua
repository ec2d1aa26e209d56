--[[
  Ask to fill an entry that was missed: one reader at a time may.

  KEYS[1]  entry
  KEYS[2]  note of the entry, in the same slot
  ARGV[1]  token         of the reader, 16 characters
  ARGV[2]  lease         milliseconds
  Returns  there, absent, wait; or the version the entry had when it was left out, which is the lease
]]
--@include note
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 'there'
end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local until_ms = string.format('%013.0f', now_ms + ARGV[2])
local note = redis.call('GET', KEYS[2])
if not note then
  redis.call('SET', KEYS[2], NOBODY .. '+' .. ARGV[1] .. until_ms, 'PX', ARGV[2])
  return string.sub(NOBODY, 1, 64)
end
if string.sub(note, 74, 74) ~= '+' then
  return 'absent'
end
if #note > 74 and string.sub(note, 91) > string.format('%013.0f', now_ms) then
  return 'wait'
end
redis.call('SET', KEYS[2], string.sub(note, 1, 74) .. ARGV[1] .. until_ms, 'KEEPTTL')
if redis.call('PTTL', KEYS[2]) - ARGV[2] < 0 then
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return string.sub(note, 1, 64)
