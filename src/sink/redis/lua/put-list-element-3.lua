--[[
  Put an element into a list of the highest scores, unless something at least as new is known of it.

  KEYS[1]  list          what people read: the values of the highest of the ranking, highest first
  KEYS[2]  ranking       of all elements held, in the same slot
  KEYS[3]  ledger        in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  member        what tells the element apart
  ARGV[4]  score
  ARGV[5]  value         JSON
  ARGV[6]  keep          elements shown
  ARGV[7]  limit         elements held
  ARGV[8]  expires at    Unix seconds, 0 for never
  ARGV[9]  memory        seconds an element that is gone is remembered
  ARGV[10] correct       1 to replace exactly this version, 0 to replace what is older
  Returns  1 applied, 0 stale, or the fingerprint of the item that owns the element
]]
--@include ledger
--@include ranking
--@include listed
redis.call('LLEN', KEYS[1])
local now = redis.call('TIME')[1]
local until_seconds = string.format('%010.0f', now + ARGV[9])
end_life(KEYS[3], now)
local expires = end_of(KEYS[3], ARGV[8], ARGV[10])
heal_ranking(KEYS[3], KEYS[2])
forget(KEYS[3], now)
local rank_before = redis.call('ZREVRANK', KEYS[2], ARGV[3])
local verdict = verdict_on_put(KEYS[3], ARGV[3], ARGV[1], ARGV[2], ARGV[10])
if verdict == nil and expires ~= '0' and expires <= now then
  bury(KEYS[3], ARGV[3], ARGV[1] .. ARGV[2], until_seconds)
  redis.call('ZREM', KEYS[2], ARGV[3])
elseif verdict == nil then
  hold(KEYS[3], ARGV[3], ARGV[1], ARGV[2], ARGV[4], ARGV[5])
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
  cut_off(KEYS[3], KEYS[2], ARGV[3], ARGV[7], until_seconds)
end
list(KEYS[1], KEYS[3], KEYS[2], ARGV[6], rank_before, ARGV[3])
keep_alive(KEYS[3], { KEYS[1], KEYS[2] }, expires, until_seconds)
return verdict or 1
