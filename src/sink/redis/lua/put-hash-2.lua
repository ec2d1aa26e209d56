--[[
  Keep an entry as a hash, unless something at least as new is there.

  The field _v holds the version, the field _o the owner; all other fields are the reader's. Versions are compared as
  text. Two fields, because Redis gives up the compact form of a hash for one value over 64 bytes.

  KEYS[1]  entry
  KEYS[2]  tombstone of the entry, in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  expires at    Unix milliseconds, 0 for never
  ARGV[4]  name of the first field; names and values alternate from here on
  Returns  1 applied, 0 stale, or the fingerprint of the item that owns the entry
]]
local tombstone = redis.call('GET', KEYS[2])
local buried = tombstone and string.sub(tombstone, 66) == ARGV[2]
if buried and string.sub(tombstone, 1, 64) >= ARGV[1] then
  return 0
end
local stored = redis.call('HMGET', KEYS[1], '_v', '_o')
local version, owner = stored[1], stored[2]
if version and owner then
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
redis.call('HSET', KEYS[1], '_v', ARGV[1], '_o', ARGV[2])
-- Lua puts no more than some thousand values on its stack.
for first = 4, #ARGV, 1000 do
  redis.call('HSET', KEYS[1], unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
if ARGV[3] ~= '0' then
  redis.call('PEXPIREAT', KEYS[1], ARGV[3])
end
if buried then
  redis.call('DEL', KEYS[2])
end
return 1
