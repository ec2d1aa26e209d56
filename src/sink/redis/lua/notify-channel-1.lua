--[[
  Tell of a change by a message to whoever listens to a channel, unless one at least as new was told of the same member.

  KEYS[1]  ledger        of what was told
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  member        what tells apart what changed
  ARGV[4]  channel
  ARGV[5]  message       JSON
  ARGV[6]  memory        seconds it is remembered what was told
  Returns  1 applied, 0 stale
]]
--@include ledger
--@include told
if not is_news(KEYS[1], ARGV[3], ARGV[1], ARGV[2], ARGV[6]) then
  return 0
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
