-- Remembers that a change was told; says whether it is news, nothing at least as new having been told of its member.
local function is_news(ledger, member, version, owner, memory_seconds)
  local now = redis.call('TIME')[1]
  local until_seconds = string.format('%010.0f', now + memory_seconds)
  forget(ledger, now)
  if verdict_on_put(ledger, member, version, owner) then
    return false
  end
  bury(ledger, member, version .. owner, until_seconds)
  redis.call('EXPIREAT', ledger, until_seconds)
  return true
end
