--[[
  Put a member into a sorted set, unless something at least as new is known of it.

  Where all members are shown, the set people read is the ranking itself, given as both keys.

  KEYS[1]  sorted set    what people read: the highest of the ranking
  KEYS[2]  ranking       of all members held, in the same slot
  KEYS[3]  ledger        in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  member
  ARGV[4]  score
  ARGV[5]  keep          members shown, 0 for all
  ARGV[6]  limit         members held, 0 for all
  ARGV[7]  expires at    Unix seconds, 0 for never
  ARGV[8]  memory        seconds a member that is gone is remembered
  ARGV[9]  correct       1 to replace exactly this version, 0 to replace what is older
  Returns  1 applied, 0 stale, or the fingerprint of the item that owns the member
]]
--@include ledger
--@include ranking
--@include shown
redis.call('ZCARD', KEYS[1])
local now = redis.call('TIME')[1]
local until_seconds = string.format('%010.0f', now + ARGV[8])
end_life(KEYS[3], now)
local expires = end_of(KEYS[3], ARGV[7], ARGV[9])
heal_ranking(KEYS[3], KEYS[2])
forget(KEYS[3], now)
local verdict = verdict_on_put(KEYS[3], ARGV[3], ARGV[1], ARGV[2], ARGV[9])
if verdict == nil and expires ~= '0' and expires <= now then
  bury(KEYS[3], ARGV[3], ARGV[1] .. ARGV[2], until_seconds)
  redis.call('ZREM', KEYS[2], ARGV[3])
elseif verdict == nil then
  hold(KEYS[3], ARGV[3], ARGV[1], ARGV[2], ARGV[4], '')
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
  cut_off(KEYS[3], KEYS[2], ARGV[3], ARGV[6], until_seconds)
end
show(KEYS[1], KEYS[2], ARGV[5], ARGV[3])
keep_alive(KEYS[3], { KEYS[1], KEYS[2] }, expires, until_seconds)
return verdict or 1
