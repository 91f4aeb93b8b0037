/*
 * Sends buffers to many sockets with one call from JavaScript. Linux only.
 *
 * The caller guarantees that each descriptor is an open, non-blocking stream socket without TLS,
 * and that nothing earlier waits to be sent on it. This code keeps no state between calls.
 */
#define NAPI_VERSION 8
#include <errno.h>
#include <limits.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* The most buffers of one call, and of one socket. */
#define MAX_BUFFERS 1024
#define MAX_RUN 64
/* The numbers of one socket in `writes`: its descriptor, and both ends of its run. */
#define PER_WRITE 3

static napi_value fail(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

static bool int32_array(napi_env env, napi_value value, int32_t **data, size_t *length) {
  napi_typedarray_type type;
  bool is_typed = false;
  return napi_is_typedarray(env, value, &is_typed) == napi_ok && is_typed &&
         napi_get_typedarray_info(env, value, &type, length, (void **)data, NULL, NULL) == napi_ok &&
         type == napi_int32_array;
}

/* Returns how many bytes the kernel took. 0 also stands for an error, which the caller's own write
 * to the socket then reports. */
static ssize_t send_all(int descriptor, struct iovec *buffers, size_t count) {
  struct msghdr message = {.msg_iov = buffers, .msg_iovlen = count};
  ssize_t sent;
  do {
    sent = count == 1
               ? send(descriptor, buffers->iov_base, buffers->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL)
               : sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? 0 : sent;
}

/*
 * send(buffers: Buffer[], runs: Int32Array, writes: Int32Array, count: number, taken: Int32Array): void
 *
 * For each i below count, sends the buffers at the places runs[begin] to runs[end - 1], in order, to
 * a descriptor. writes has the descriptor, begin and end at 3 * i. Sets taken[i] to the number of
 * bytes that the kernel took.
 */
static napi_value batch_send(napi_env env, napi_callback_info info) {
  napi_value args[5];
  size_t argc = 5, runs_length, writes_length, taken_length;
  int32_t *runs, *writes, *taken;
  uint32_t count, buffer_count;
  if (napi_get_cb_info(env, info, &argc, args, NULL, NULL) != napi_ok || argc < 5 ||
      napi_get_array_length(env, args[0], &buffer_count) != napi_ok ||
      !int32_array(env, args[1], &runs, &runs_length) ||
      !int32_array(env, args[2], &writes, &writes_length) ||
      napi_get_value_uint32(env, args[3], &count) != napi_ok ||
      !int32_array(env, args[4], &taken, &taken_length)) {
    return fail(env, "expected (Buffer[], Int32Array, Int32Array, number, Int32Array)");
  }
  if (count > writes_length / PER_WRITE || count > taken_length) return fail(env, "count is too large");
  if (buffer_count > MAX_BUFFERS) return fail(env, "expected at most 1024 buffers");

  struct iovec buffers[MAX_BUFFERS];
  for (uint32_t i = 0; i < buffer_count; i++) {
    napi_value buffer;
    if (napi_get_element(env, args[0], i, &buffer) != napi_ok ||
        napi_get_buffer_info(env, buffer, &buffers[i].iov_base, &buffers[i].iov_len) != napi_ok) {
      return fail(env, "expected Buffers");
    }
  }
  /* Check all runs before the first write, so that a call writes everything or nothing. */
  for (uint32_t i = 0; i < count; i++) {
    const int32_t begin = writes[i * PER_WRITE + 1], end = writes[i * PER_WRITE + 2];
    if (begin < 0 || end <= begin || (size_t)end > runs_length) return fail(env, "a run is outside of runs");
    if (end - begin > MAX_RUN) return fail(env, "expected at most 64 buffers in a run");
    size_t total = 0;
    for (int32_t n = begin; n < end; n++) {
      if (runs[n] < 0 || (uint32_t)runs[n] >= buffer_count) return fail(env, "a place is outside of buffers");
      total += buffers[runs[n]].iov_len;
    }
    if (total > INT32_MAX) return fail(env, "too many bytes");
  }

  struct iovec run[MAX_RUN];
  for (uint32_t i = 0; i < count; i++) {
    const int32_t *write = writes + i * PER_WRITE;
    const size_t length = (size_t)(write[2] - write[1]);
    for (size_t n = 0; n < length; n++) run[n] = buffers[runs[write[1] + n]];
    taken[i] = (int32_t)send_all(write[0], run, length);
  }
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value send_function, max_buffers, max_run;
  if (napi_create_function(env, "send", NAPI_AUTO_LENGTH, batch_send, NULL, &send_function) != napi_ok ||
      napi_set_named_property(env, exports, "send", send_function) != napi_ok ||
      napi_create_uint32(env, MAX_BUFFERS, &max_buffers) != napi_ok ||
      napi_set_named_property(env, exports, "maxBuffers", max_buffers) != napi_ok ||
      napi_create_uint32(env, MAX_RUN, &max_run) != napi_ok ||
      napi_set_named_property(env, exports, "maxRun", max_run) != napi_ok) {
    return NULL;
  }
  return exports;
}
