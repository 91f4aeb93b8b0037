/*
 * The least that a server can do: sends each line that arrives at one port, as a WebSocket text
 * frame, to every client of another port, with one send() for each client.
 *
 *     send-loop CLIENT_PORT FEED_PORT
 *
 * It is for the clients of the benchmark only. They send the same key and their whole upgrade
 * request at once, and need nothing else. A client that does not read fast enough is closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 65536
#define LONGEST_LINE (1 << 20)
#define HEAD_BYTES 10

/* For the key that every client of the benchmark sends. */
static const char UPGRADE[] = "HTTP/1.1 101 Switching Protocols\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: yjlRD4Cy91bphXqG/4V3iv7JZU4=\r\n\r\n";

static int clients[MAX_DESCRIPTORS];
static int client_count;
/* The index in `clients` plus 1 of each descriptor. 0 before the upgrade. */
static int places[MAX_DESCRIPTORS];
static int poller;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("epoll_ctl");
}

static int listen_on(const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
  if (listen(listener, 4096) < 0) fail("listen");
  watch(listener);
  return listener;
}

/* Accepts a connection, or returns -1. */
static int accept_from(int listener) {
  int one = 1, descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (descriptor < 0) return -1;
  if (descriptor >= MAX_DESCRIPTORS) {
    close(descriptor);
    return -1;
  }
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  watch(descriptor);
  return descriptor;
}

static void close_client(int descriptor) {
  if (places[descriptor] > 0) {
    int last = clients[--client_count];
    clients[places[descriptor] - 1] = last;
    places[last] = places[descriptor];
    places[descriptor] = 0;
  }
  close(descriptor);
}

/* The first read is the upgrade request. Later ones are pongs, which need no answer. */
static void read_client(int descriptor) {
  char bytes[4096];
  ssize_t size = recv(descriptor, bytes, sizeof bytes, 0);
  /* The event was for an earlier connection with the same descriptor. */
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    close_client(descriptor);
  } else if (places[descriptor] == 0) {
    clients[client_count++] = descriptor;
    places[descriptor] = client_count;
    send(descriptor, UPGRADE, sizeof UPGRADE - 1, MSG_NOSIGNAL);
  }
}

static size_t write_head(unsigned char *head, size_t length) {
  head[0] = 0x81; /* FIN, text */
  if (length < 126) {
    head[1] = (unsigned char)length;
    return 2;
  }
  size_t bytes = length < 65536 ? 2 : 8;
  head[1] = bytes == 2 ? 126 : 127;
  for (size_t i = 0; i < bytes; i++) head[2 + i] = (unsigned char)(length >> (8 * (bytes - 1 - i)));
  return 2 + bytes;
}

static void broadcast(const char *line, size_t length) {
  static unsigned char frame[HEAD_BYTES + LONGEST_LINE];
  size_t size = write_head(frame, length);
  memcpy(frame + size, line, length);
  size += length;
  /* Backwards, because closing a client moves the last one, which has been served, to its place. */
  for (int i = client_count - 1; i >= 0; i--) {
    ssize_t sent = send(clients[i], frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent != (ssize_t)size) close_client(clients[i]);
  }
}

static void read_feed(int descriptor) {
  static char bytes[LONGEST_LINE];
  static size_t filled;
  ssize_t size = recv(descriptor, bytes + filled, sizeof bytes - filled, 0);
  if (size <= 0) exit(0);
  filled += (size_t)size;
  char *line = bytes, *end;
  while ((end = memchr(line, '\n', filled - (size_t)(line - bytes)))) {
    broadcast(line, (size_t)(end - line));
    line = end + 1;
  }
  filled -= (size_t)(line - bytes);
  memmove(bytes, line, filled);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  poller = epoll_create1(0);
  int client_listener = listen_on(argv[1]), feed_listener = listen_on(argv[2]), feed = -1;
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < count; i++) {
      int descriptor = events[i].data.fd;
      if (descriptor == feed_listener) feed = accept_from(feed_listener);
      else if (descriptor == client_listener) accept_from(client_listener);
      else if (descriptor == feed) read_feed(feed);
      else read_client(descriptor);
    }
  }
}
