-- Whether a note holds the lease of this reader.
local function is_leased_to(note, token)
  return note and string.sub(note, 74, 90) == '+' .. token
end
