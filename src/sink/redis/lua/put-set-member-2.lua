--[[
  Let an item contribute a member to a set, unless something at least as new is known of its contribution.

  KEYS[1]  set           what people read: every member that some item contributes
  KEYS[2]  ledger        of the contributions, in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  member
  ARGV[4]  expires at    Unix seconds, 0 for never
  ARGV[5]  memory        seconds a contribution that is gone is remembered
  ARGV[6]  correct       1 to replace exactly this version, 0 to replace what is older
  Returns  1 applied, 0 stale
]]
--@include ledger
--@include contributions
local now = redis.call('TIME')[1]
local until_seconds = string.format('%010.0f', now + ARGV[5])
end_life(KEYS[2], now)
local expires = end_of(KEYS[2], ARGV[4], ARGV[6])
heal_set(KEYS[2], KEYS[1])
forget(KEYS[2], now)
local verdict = verdict_on_put(KEYS[2], ARGV[2] .. ARGV[3], ARGV[1], ARGV[2], ARGV[6])
if verdict == nil and expires ~= '0' and expires <= now then
  withdraw(KEYS[2], KEYS[1], ARGV[3], ARGV[1], ARGV[2], until_seconds)
elseif verdict == nil then
  contribute(KEYS[2], KEYS[1], ARGV[3], ARGV[1], ARGV[2])
end
keep_alive(KEYS[2], { KEYS[1] }, expires, until_seconds)
return verdict or 1
