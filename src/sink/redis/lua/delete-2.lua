--[[
  Make an entry absent and remember since when, unless something at least as new is there.

  The tombstone is a key of its own, so that no plain reader ever sees it; it lies in the entry's slot.

  KEYS[1]  entry
  KEYS[2]  tombstone of the entry, in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  tombstone ttl seconds
  Returns  1 applied, 0 stale
]]
local tombstone = redis.call('GET', KEYS[2])
if tombstone and string.sub(tombstone, 66) == ARGV[2] and string.sub(tombstone, 1, 64) >= ARGV[1] then
  return 0
end
local kind = redis.call('TYPE', KEYS[1]).ok
local version, owner = false, false
if kind == 'string' then
  local head = redis.call('GETRANGE', KEYS[1], 0, 79)
  version, owner = string.sub(head, 8, 71), string.sub(head, 73)
elseif kind == 'hash' then
  version, owner = unpack(redis.call('HMGET', KEYS[1], '_v', '_o'))
end
if version and owner then
  if owner ~= ARGV[2] or version >= ARGV[1] then
    return 0
  end
  redis.call('DEL', KEYS[1])
elseif kind ~= 'none' or (tombstone and string.sub(tombstone, 66) ~= ARGV[2]) then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1] .. '~' .. ARGV[2], 'EX', ARGV[3])
return 1
