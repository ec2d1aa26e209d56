--[[
  The ledger of a collection: one hash that knows of every member what it holds and since when. It is the truth; the keys
  people read are made of it, and made again where they do not fit it.

  =<member>  version (64), owner (8), score, ~, value       a member that is held
  -<member>  version (64), owner (8), until (10), cut       a member that is not; until: when it may be forgotten,
                                                            Unix seconds; cut: x where it exists, but ranks too low
  #live      members held                       #buried   members remembered as gone
  #expires   end of the collection's life       #cursor   how far the search for what may be forgotten came
  #cut       the highest score that was cut off: what exists up to there is unknown, and all above it is held
]]

-- What a correction meets: nil to go on where exactly this version stands, held or gone, or 0 stale.
local function verdict_on_correction(known, version, owner)
  if string.sub(known or '', 1, 72) ~= version .. owner then
    return 0
  end
end

-- What a put meets: nil to go on, or the reply: 0 stale, or the owner the member belongs to.
local function verdict_on_put(ledger, member, version, owner, correct)
  local held, buried = unpack(redis.call('HMGET', ledger, '=' .. member, '-' .. member))
  if correct == '1' then
    return verdict_on_correction(held or buried, version, owner)
  end
  if held then
    if string.sub(held, 65, 72) ~= owner then
      return string.sub(held, 65, 72)
    end
    if string.sub(held, 1, 64) >= version then
      return 0
    end
  elseif buried and string.sub(buried, 65, 72) == owner and string.sub(buried, 1, 64) >= version then
    return 0
  end
end

-- What a deletion meets: nil to go on, or 0 stale.
local function verdict_on_delete(ledger, member, version, owner, correct)
  local held, buried = unpack(redis.call('HMGET', ledger, '=' .. member, '-' .. member))
  local known = held or buried
  if correct == '1' then
    return verdict_on_correction(known, version, owner)
  end
  if known and (string.sub(known, 65, 72) ~= owner or string.sub(known, 1, 64) >= version) then
    return 0
  end
end

-- Enters a member as held.
local function hold(ledger, member, version, owner, score, value)
  if redis.call('HSET', ledger, '=' .. member, version .. owner .. score .. '~' .. value) == 1 then
    redis.call('HINCRBY', ledger, '#live', 1)
  end
  if redis.call('HDEL', ledger, '-' .. member) == 1 then
    redis.call('HINCRBY', ledger, '#buried', -1)
  end
end

-- Enters a member as gone; says whether it was held.
local function bury(ledger, member, stamp, until_seconds)
  local was_held = redis.call('HDEL', ledger, '=' .. member) == 1
  if was_held then
    redis.call('HINCRBY', ledger, '#live', -1)
  end
  if redis.call('HSET', ledger, '-' .. member, stamp .. until_seconds) == 1 then
    redis.call('HINCRBY', ledger, '#buried', 1)
  end
  return was_held
end

-- Looks at a few more of those gone, and forgets whose time is over.
local function forget(ledger, now)
  local buried, cursor = unpack(redis.call('HMGET', ledger, '#buried', '#cursor'))
  if not buried or buried == '0' then
    return
  end
  local page = redis.call('HSCAN', ledger, cursor or '0', 'MATCH', '-*', 'COUNT', 20)
  for i = 1, #page[2], 2 do
    if string.sub(page[2][i + 1], 73, 82) < now then
      redis.call('HDEL', ledger, page[2][i])
      redis.call('HINCRBY', ledger, '#buried', -1)
    end
  end
  redis.call('HSET', ledger, '#cursor', page[1])
end

-- Ends the life of what is held where it is over; those gone stay remembered.
local function end_life(ledger, now)
  local expires = redis.call('HGET', ledger, '#expires')
  if not expires or expires > now then
    return
  end
  for _, field in ipairs(redis.call('HKEYS', ledger)) do
    if string.sub(field, 1, 1) ~= '-' and field ~= '#buried' and field ~= '#cursor' then
      redis.call('HDEL', ledger, field)
    end
  end
end

-- When a change ends, 0 for never: one that only corrects ends when its collection does.
local function end_of(ledger, expires, correct)
  return correct == '1' and redis.call('HGET', ledger, '#expires') or expires
end

-- Lets the keys live until the latest change's end, and the ledger as long as it may be needed.
local function keep_alive(ledger, others, expires, until_seconds)
  if expires == '0' then
    if (redis.call('HGET', ledger, '#live') or '0') == '0' then
      redis.call('EXPIREAT', ledger, until_seconds)
    else
      redis.call('PERSIST', ledger)
    end
    return
  end
  local latest = redis.call('HGET', ledger, '#expires')
  if not latest or latest < expires then
    latest = expires
    redis.call('HSET', ledger, '#expires', latest)
  end
  for _, key in ipairs(others) do
    redis.call('EXPIREAT', key, latest)
  end
  redis.call('EXPIREAT', ledger, latest < until_seconds and until_seconds or latest)
end
