--[[
  Take a member out of a sorted set and remember since when, unless something at least as new is known of it.

  KEYS[1]  sorted set    what people read: the highest of the ranking
  KEYS[2]  ranking       of all members held, in the same slot
  KEYS[3]  ledger        in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  member
  ARGV[4]  keep          members shown, 0 for all
  ARGV[5]  expires at    Unix seconds, 0 for never
  ARGV[6]  memory        seconds a member that is gone is remembered
  ARGV[7]  correct       1 to take out exactly this version, 0 to take out what is older
  Returns  1 applied, 0 stale
]]
--@include ledger
--@include ranking
--@include shown
redis.call('ZCARD', KEYS[1])
local now = redis.call('TIME')[1]
local until_seconds = string.format('%010.0f', now + ARGV[6])
end_life(KEYS[3], now)
local expires = end_of(KEYS[3], ARGV[5], ARGV[7])
heal_ranking(KEYS[3], KEYS[2])
forget(KEYS[3], now)
local verdict = verdict_on_delete(KEYS[3], ARGV[3], ARGV[1], ARGV[2], ARGV[7])
if verdict == nil then
  bury(KEYS[3], ARGV[3], ARGV[1] .. ARGV[2], until_seconds)
  redis.call('ZREM', KEYS[2], ARGV[3])
end
show(KEYS[1], KEYS[2], ARGV[4], ARGV[3])
keep_alive(KEYS[3], { KEYS[1], KEYS[2] }, expires, until_seconds)
return verdict or 1
