-- Makes a hash of version, owner and the fields that stand from `first` to `last` in a list, names and values alternating.
local function set_fields(key, version, owner, list, first, last)
  redis.call('HSET', key, '_v', version, '_o', owner)
  -- Lua puts no more than some thousand values on its stack.
  for from = first, last, 1000 do
    redis.call('HSET', key, unpack(list, from, math.min(from + 999, last)))
  end
end
