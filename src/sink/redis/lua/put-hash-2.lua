--[[
  Keep an entry as a hash, unless something at least as new is there.

  The field _v holds the version, the field _o the owner; all other fields are the reader's. Versions are compared as
  text. Two fields, because Redis gives up the compact form of a hash for one value over 64 bytes.

  KEYS[1]  entry
  KEYS[2]  note of the entry, in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  expires at    Unix milliseconds, 0 for never
  ARGV[4]  if present    seconds to note that it was left out where the entry is absent, 0 to keep it in any case
  ARGV[5]  correct       1 to replace exactly this version and keep when it expires, 0 to replace what is older
  ARGV[6]  name of the first field; names and values alternate from here on
  Returns  1 applied, 0 stale, 2 left out, or the fingerprint of the item that owns the entry
]]
--@include note
--@include fields
local version, owner = unpack(redis.call('HMGET', KEYS[1], '_v', '_o'))
local note = note_beside(owner, KEYS[2], ARGV[2])
local expires = ARGV[3]
if ARGV[5] == '1' then
  local is_there = redis.call('EXISTS', KEYS[1]) == 1
  if not is_exactly(note, is_there and (version or ''), owner, ARGV[1], ARGV[2]) then
    return 0
  end
  if is_there then
    expires = string.format('%.0f', math.max(0, redis.call('PEXPIRETIME', KEYS[1])))
    redis.call('DEL', KEYS[1])
  end
elseif is_known(note, ARGV[1], ARGV[2]) then
  return 0
elseif version and owner then
  if owner ~= ARGV[2] then
    return owner
  end
  if version >= ARGV[1] then
    return 0
  end
  redis.call('DEL', KEYS[1])
elseif redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.error_reply('FOREIGN the key holds a value that Millrace did not write')
end
if not version and ARGV[4] ~= '0' then
  return leave_out(KEYS[2], note, ARGV[1], ARGV[2], ARGV[4])
end
set_fields(KEYS[1], ARGV[1], ARGV[2], ARGV, 6, #ARGV)
if expires ~= '0' then
  redis.call('PEXPIREAT', KEYS[1], expires)
end
strike(KEYS[2], note, ARGV[2])
return 1
