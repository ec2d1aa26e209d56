--[[
  Keep an entry as one string of JSON, unless something at least as new is there.

  The string begins with {"_v":" and version~owner at fixed offsets, so that value and version live and are evicted
  together, and any reader can parse the whole. Versions are compared as text, never as numbers.

  KEYS[1]  entry
  KEYS[2]  note of the entry, in the same slot
  ARGV[1]  value         the whole JSON text, beginning with version and owner as above
  ARGV[2]  terms         when it expires, in Unix milliseconds, 0 for never: to be kept wherever it is newer. Or more,
                         in one text since each argument has its price: <mark><seconds>,<when it expires>
                         mark: = to replace exactly this version and keep when that expires, < to replace what is older
                         seconds to note that it was left out where the entry is absent, 0 to keep it in any case
  Returns  1 applied, 0 stale, 2 left out, or the fingerprint of the item that owns the entry
]]
--@include note
--@include keep
local value, mark, left_out_seconds, expires_at = ARGV[1], '<', '0', ARGV[2]
if string.byte(expires_at) > 57 then -- It does not begin with a digit.
  mark, left_out_seconds, expires_at = string.match(expires_at, '^([=<])(%d+),(%d+)$')
end
-- Up to the owner, as this entry begins and as what is there begins.
local head = string.sub(value, 1, 80)
local held = redis.call('GETRANGE', KEYS[1], '0', '79')
local owner, held_owner = string.sub(head, 73), string.sub(held, 73)
if held_owner == owner and mark == '<' then
  -- The usual case, and short: of one owner the versions decide, and there is no note.
  if held >= head then
    return 0
  end
  keep(KEYS[1], value, expires_at)
  return 1
end
local version = string.sub(head, 8, 71)
local note = note_beside(held_owner, KEYS[2], owner)
if mark == '=' then
  if not is_exactly(note, held ~= '' and string.sub(held, 8, 71), held_owner, version, owner) then
    return 0
  end
elseif is_known(note, version, owner) then
  return 0
elseif held ~= '' and string.sub(held, 1, 7) ~= '{"_v":"' then
  return redis.error_reply('FOREIGN the key holds a value that Millrace did not write')
elseif held ~= '' then
  return held_owner
end
if held == '' and left_out_seconds ~= '0' then
  return leave_out(KEYS[2], note, version, owner, left_out_seconds)
end
if mark == '=' and held ~= '' then
  redis.call('SET', KEYS[1], value, 'KEEPTTL')
else
  keep(KEYS[1], value, expires_at)
end
strike(KEYS[2], note, owner)
return 1
