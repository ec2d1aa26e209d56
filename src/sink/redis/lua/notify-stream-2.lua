--[[
  Tell of a change by a message in a stream, unless one at least as new was told of the same member.

  KEYS[1]  stream
  KEYS[2]  ledger        of what was told, in the same slot
  ARGV[1]  version       64 characters
  ARGV[2]  owner         fingerprint of the source item, 8 characters
  ARGV[3]  member        what tells apart what changed
  ARGV[4]  change        put or delete
  ARGV[5]  value         JSON
  ARGV[6]  max length    messages kept, about
  ARGV[7]  memory        seconds it is remembered what was told
  Returns  1 applied, 0 stale
]]
--@include ledger
--@include told
redis.call('XLEN', KEYS[1])
if not is_news(KEYS[2], ARGV[3], ARGV[1], ARGV[2], ARGV[7]) then
  return 0
end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[6], '*',
  'change', ARGV[4], 'member', ARGV[3], 'version', ARGV[1], 'value', ARGV[5])
return 1
