--[[
  Make an entry absent and remember since when, unless something at least as new is there.

  KEYS[1]  entry
  KEYS[2]  note of the entry, in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  state         empty where the item has left, + where it is there and only not held
  ARGV[4]  memory        seconds the deletion is remembered
  ARGV[5]  correct       1 to delete exactly this version, 0 to delete what is older
  Returns  1 applied, 0 stale
]]
--@include note
local kind = redis.call('TYPE', KEYS[1]).ok
local version, owner = false, false
if kind == 'string' then
  local head = redis.call('GETRANGE', KEYS[1], 0, 79)
  version, owner = string.sub(head, 8, 71), string.sub(head, 73)
elseif kind == 'hash' then
  version, owner = unpack(redis.call('HMGET', KEYS[1], '_v', '_o'))
end
local note = note_beside(owner, KEYS[2], ARGV[2])
if ARGV[5] == '1' then
  if not is_exactly(note, kind ~= 'none' and (version or ''), owner, ARGV[1], ARGV[2]) then
    return 0
  end
  redis.call('DEL', KEYS[1])
elseif is_known(note, ARGV[1], ARGV[2]) then
  return 0
elseif version and owner then
  if owner ~= ARGV[2] or version >= ARGV[1] then
    return 0
  end
  redis.call('DEL', KEYS[1])
elseif kind ~= 'none' or is_of_another(note, ARGV[2]) then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1] .. '~' .. ARGV[2] .. ARGV[3], 'EX', ARGV[4])
return 1
