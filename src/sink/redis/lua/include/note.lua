--[[
  What is known of an entry that is absent, in a key of its own so that no plain reader ever sees it:

  version (64), ~, owner (8), state

  The state is empty for a tombstone: the item has left. It is + where the item exists and is not held: a reader may
  fill the entry; + is followed by the token (16) of the reader who does and the end of its lease (13, Unix
  milliseconds). It is - where a reader found no item, for a while.
]]
local NOBODY = string.rep('0', 64) .. '~--------'

-- The note beside what is held, for this owner: beside its own entry it has none, as whatever writes the one removes the
-- other.
local function note_beside(held_owner, key, owner)
  return held_owner ~= owner and redis.call('GET', key)
end

-- Whether a note is of this owner, and at least as new.
local function is_known(note, version, owner)
  return note and string.sub(note, 66, 73) == owner and string.sub(note, 1, 64) >= version
end

-- Whether a correction meets exactly what it corrects: the entry, or, where its version is false, the note.
local function is_exactly(note, entry_version, entry_owner, version, owner)
  if entry_version then
    return entry_version == version and entry_owner == owner
  end
  return note and string.sub(note, 66, 73) == owner and string.sub(note, 1, 64) == version
end

-- Whether a note remembers that another item has left.
local function is_of_another(note, owner)
  return note and #note == 73 and string.sub(note, 66, 73) ~= owner
end

-- What becomes of a put of an entry that nobody has asked for: any lease is void, and a reader may fill it.
local function leave_out(key, note, version, owner, memory_seconds)
  if note and not is_of_another(note, owner) then
    redis.call('SET', key, version .. '~' .. owner .. '+', 'EX', memory_seconds)
  end
  return 2
end

-- What is known no longer matters once the entry is there.
local function strike(key, note, owner)
  if note and not is_of_another(note, owner) then
    redis.call('DEL', key)
  end
end
