// The program: Lua, and the text of app.lua, which it runs.

#include <stdio.h>
#include <stdlib.h>
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static const char source[] = {
#embed "app.lua"
};

int main(void) {
  lua_State *lua = luaL_newstate();
  if (lua == NULL) return EXIT_FAILURE;
  luaL_openlibs(lua);
  if (luaL_loadbuffer(lua, source, sizeof source, "=app.lua") || lua_pcall(lua, 0, 0, 0)) {
    fprintf(stderr, "%s\n", lua_tostring(lua, -1));
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
