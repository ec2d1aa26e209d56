--[[
  Keep an entry as one string of JSON, unless something at least as new is there.

  The string begins with {"_v":" and version~owner at fixed offsets, so that value and version live and are evicted
  together, and any reader can parse the whole. Versions are compared as text, never as numbers.

  KEYS[1]  entry
  KEYS[2]  note of the entry, in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  value         the whole JSON text
  ARGV[4]  expires at    Unix milliseconds, 0 for never
  ARGV[5]  if present    seconds to note that it was left out where the entry is absent, 0 to keep it in any case
  ARGV[6]  correct       1 to replace exactly this version and keep when it expires, 0 to replace what is older
  Returns  1 applied, 0 stale, 2 left out, or the fingerprint of the item that owns the entry
]]
--@include note
local note = redis.call('GET', KEYS[2])
local head = redis.call('GETRANGE', KEYS[1], 0, 79)
if ARGV[6] == '1' then
  local version, owner = head ~= '' and string.sub(head, 8, 71), string.sub(head, 73, 80)
  if not is_exactly(note, version, owner, ARGV[1], ARGV[2]) then
    return 0
  end
elseif is_known(note, ARGV[1], ARGV[2]) then
  return 0
elseif head ~= '' then
  if string.sub(head, 1, 7) ~= '{"_v":"' then
    return redis.error_reply('FOREIGN the key holds a value that Millrace did not write')
  end
  local owner = string.sub(head, 73, 80)
  if owner ~= ARGV[2] then
    return owner
  end
  if string.sub(head, 8, 71) >= ARGV[1] then
    return 0
  end
end
if head == '' and ARGV[5] ~= '0' then
  return leave_out(KEYS[2], note, ARGV[1], ARGV[2], ARGV[5])
end
if ARGV[6] == '1' and head ~= '' then
  redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL')
elseif ARGV[4] == '0' then
  redis.call('SET', KEYS[1], ARGV[3])
else
  redis.call('SET', KEYS[1], ARGV[3], 'PXAT', ARGV[4])
end
strike(KEYS[2], note, ARGV[2])
return 1
