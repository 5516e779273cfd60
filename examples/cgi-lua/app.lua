-- A CGI program: the request is in the environment and on standard input.

local routes = {}

routes["GET /"] = function()
  return 200, "Hello from " .. _VERSION .. "\n"
end

routes["GET /words"] = function()
  local words = coroutine.wrap(function()
    for word in ("one two three"):gmatch("%a+") do coroutine.yield(word) end
  end)
  return 200, words() .. ", " .. words() .. ", " .. words() .. "\n"
end

routes["GET /fail"] = function()
  error("told to fail")
end

local function answer(status, text)
  io.write("Status: ", status, "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", text)
end

local method, path = os.getenv("REQUEST_METHOD"), os.getenv("PATH_INFO")
local route = routes[method .. " " .. path]

if route then
  local ok, status, text = pcall(route)
  if not ok then
    io.stderr:write(status, "\n")
    status, text = 500, "it failed\n"
  end
  answer(status, text)
elseif method == "POST" then
  io.write("Content-Type: application/octet-stream\r\n\r\n")
  for chunk in function() return io.read(65536) end do io.write(chunk) end
else
  answer(404, "there is nothing here\n")
end
