--[[
  Keep an entry as one string of JSON, unless something at least as new is there.

  The string begins with {"_v":" and version~owner at fixed offsets, so that value and version live and are evicted
  together, and any reader can parse the whole. Versions are compared as text, never as numbers.

  KEYS[1]  entry
  KEYS[2]  note of the entry, in the same slot
  ARGV[1]  value         the whole JSON text, beginning with version and owner as above
  ARGV[2]  expires at    Unix milliseconds, 0 for never
  ARGV[3]  if present    seconds to note that it was left out where the entry is absent, 0 to keep it in any case
  ARGV[4]  correct       1 to replace exactly this version and keep when it expires, 0 to replace what is older
  Returns  1 applied, 0 stale, 2 left out, or the fingerprint of the item that owns the entry
]]
--@include note
local version, owner = string.sub(ARGV[1], 8, 71), string.sub(ARGV[1], 73, 80)
local note = redis.call('GET', KEYS[2])
local head = redis.call('GETRANGE', KEYS[1], 0, 79)
if ARGV[4] == '1' then
  local held_version, held_owner = head ~= '' and string.sub(head, 8, 71), string.sub(head, 73, 80)
  if not is_exactly(note, held_version, held_owner, version, owner) then
    return 0
  end
elseif is_known(note, version, owner) then
  return 0
elseif head ~= '' then
  if string.sub(head, 1, 7) ~= '{"_v":"' then
    return redis.error_reply('FOREIGN the key holds a value that Millrace did not write')
  end
  if string.sub(head, 73, 80) ~= owner then
    return string.sub(head, 73, 80)
  end
  if string.sub(head, 8, 71) >= version then
    return 0
  end
end
if head == '' and ARGV[3] ~= '0' then
  return leave_out(KEYS[2], note, version, owner, ARGV[3])
end
if ARGV[4] == '1' and head ~= '' then
  redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
elseif ARGV[2] == '0' then
  redis.call('SET', KEYS[1], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
end
strike(KEYS[2], note, owner)
return 1
