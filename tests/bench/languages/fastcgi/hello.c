/* The same answer by FastCGI, for nginx: two processes at the Unix socket that is named. */

#include <fcgiapp.h>
#include <unistd.h>

int main(int count, char **arguments) {
  FCGX_Request request;
  if (count != 2 || FCGX_Init() != 0) return 1;
  int socket = FCGX_OpenSocket(arguments[1], 128);
  if (socket < 0 || fork() < 0) return 1;
  FCGX_InitRequest(&request, socket, 0);
  while (FCGX_Accept_r(&request) == 0) {
    FCGX_PutS("Content-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n", request.out);
  }
  return 0;
}
