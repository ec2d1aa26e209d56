-- Makes the sorted set people read again of the highest of the ranking, where this member's change touches it.
local function show(shown, ranking, keep, member)
  if keep == '0' then
    return
  end
  local rank = redis.call('ZREVRANK', ranking, member)
  local missing = math.min(keep, redis.call('ZCARD', ranking)) - redis.call('ZCARD', shown)
  if (rank and rank - keep < 0) or redis.call('ZSCORE', shown, member) or missing ~= 0 then
    redis.call('ZRANGESTORE', shown, ranking, 0, keep - 1, 'REV')
  end
end
