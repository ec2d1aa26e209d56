-- Contributions are entered in the ledger under owner and member; +<member> counts them, #members those it counts.

-- Makes the set again of the contributions where the two do not fit: one of them was evicted, or somebody wrote to it.
local function heal_set(ledger, set)
  if redis.call('SCARD', set) - (redis.call('HGET', ledger, '#members') or '0') == 0 then
    return
  end
  redis.call('DEL', set)
  for _, field in ipairs(redis.call('HKEYS', ledger)) do
    if string.sub(field, 1, 1) == '+' then
      redis.call('SADD', set, string.sub(field, 2))
    end
  end
end

-- Counts again what each member's contributions are, where somebody wrote to the ledger.
local function recount(ledger)
  local counts, members, live = {}, 0, 0
  for _, field in ipairs(redis.call('HKEYS', ledger)) do
    local mark = string.sub(field, 1, 1)
    if mark == '+' then
      redis.call('HDEL', ledger, field)
    elseif mark == '=' then
      local member = string.sub(field, 10)
      members = members + (counts[member] and 0 or 1)
      counts[member] = (counts[member] or 0) + 1
      live = live + 1
    end
  end
  for member, count in pairs(counts) do
    redis.call('HSET', ledger, '+' .. member, count)
  end
  if live > 0 then
    redis.call('HSET', ledger, '#members', members, '#live', live)
  end
end

-- Enters a contribution; the first makes its member one of the set.
local function contribute(ledger, set, member, version, owner)
  local is_known = redis.call('HEXISTS', ledger, '=' .. owner .. member) == 1
  hold(ledger, owner .. member, version, owner, '', '')
  if not is_known and redis.call('HINCRBY', ledger, '+' .. member, 1) == 1 then
    redis.call('HINCRBY', ledger, '#members', 1)
    redis.call('SADD', set, member)
  end
end

-- Enters a contribution as gone; with the last its member leaves the set.
local function withdraw(ledger, set, member, version, owner, until_seconds)
  local was_held = bury(ledger, owner .. member, version .. owner, until_seconds)
  if was_held and redis.call('HINCRBY', ledger, '+' .. member, -1) == 0 then
    redis.call('HDEL', ledger, '+' .. member)
    redis.call('HINCRBY', ledger, '#members', -1)
    redis.call('SREM', set, member)
  end
end
