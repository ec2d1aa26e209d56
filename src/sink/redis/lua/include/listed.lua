-- Makes the list people read again of the values of the highest of the ranking, where this member's change touches it.
local function list(listed, ledger, ranking, keep, rank_before, member)
  local rank = redis.call('ZREVRANK', ranking, member)
  local missing = math.min(keep, redis.call('ZCARD', ranking)) - redis.call('LLEN', listed)
  if not (rank and rank - keep < 0) and not (rank_before and rank_before - keep < 0) and missing == 0 then
    return
  end
  redis.call('DEL', listed)
  for _, highest in ipairs(redis.call('ZRANGE', ranking, 0, keep - 1, 'REV')) do
    local entry = redis.call('HGET', ledger, '=' .. highest)
    redis.call('RPUSH', listed, string.sub(entry, string.find(entry, '~', 73, true) + 1))
  end
end
