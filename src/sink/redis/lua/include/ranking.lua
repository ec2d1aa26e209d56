-- Makes the ranking of a ledger's members again where the two do not fit: one of them was evicted, or somebody wrote to it.
local function heal_ranking(ledger, ranking)
  local live = redis.call('HGET', ledger, '#live') or '0'
  if redis.call('ZCARD', ranking) - live == 0 then
    return false
  end
  redis.call('DEL', ranking)
  local fields = redis.call('HGETALL', ledger)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 1) == '=' then
      local score = string.match(string.sub(fields[i + 1], 73), '^[^~]*')
      redis.call('ZADD', ranking, score, string.sub(fields[i], 2))
    end
  end
  return true
end

-- Cuts off what ranks too low: all beyond the limit, and a newcomer that ranks no higher than what was cut off before.
local function cut_off(ledger, ranking, member, limit, until_seconds)
  if limit == '0' then
    return
  end
  local highest_cut = redis.call('HGET', ledger, '#cut')
  local lowest, score = unpack(redis.call('ZRANGE', ranking, 0, 0, 'WITHSCORES'))
  while lowest and (redis.call('ZCARD', ranking) - limit > 0
    or (highest_cut and lowest == member and score - highest_cut <= 0)) do
    local stamp = string.sub(redis.call('HGET', ledger, '=' .. lowest), 1, 72)
    bury(ledger, lowest, stamp, until_seconds .. 'x')
    redis.call('ZREM', ranking, lowest)
    if not highest_cut or score - highest_cut > 0 then
      highest_cut = score
      redis.call('HSET', ledger, '#cut', highest_cut)
    end
    lowest, score = unpack(redis.call('ZRANGE', ranking, 0, 0, 'WITHSCORES'))
  end
end
