-- Keeps a string until a time in Unix milliseconds, 0 for ever.
local function keep(key, value, expires_at)
  if expires_at == '0' then
    redis.call('SET', key, value)
  else
    redis.call('SET', key, value, 'PXAT', expires_at)
  end
end
