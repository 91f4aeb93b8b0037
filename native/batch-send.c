/*
 * Sends the same bytes to many sockets with one call from JavaScript. Linux only.
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

/* More buffers than this are left to the caller. A run of the fan-out engine has a few. */
#define MAX_BUFFERS 64

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
 * send(descriptors: Int32Array, count: number, buffers: Buffer[], taken: Int32Array): void
 *
 * Sends the buffers, in order, to each of the first `count` descriptors. Sets taken[i] to the
 * number of bytes that the kernel took for descriptors[i].
 */
static napi_value batch_send(napi_env env, napi_callback_info info) {
  napi_value args[4];
  size_t argc = 4, descriptors_length, taken_length;
  int32_t *descriptors, *taken;
  uint32_t count, buffer_count;
  if (napi_get_cb_info(env, info, &argc, args, NULL, NULL) != napi_ok || argc < 4 ||
      !int32_array(env, args[0], &descriptors, &descriptors_length) ||
      napi_get_value_uint32(env, args[1], &count) != napi_ok ||
      napi_get_array_length(env, args[2], &buffer_count) != napi_ok ||
      !int32_array(env, args[3], &taken, &taken_length)) {
    return fail(env, "expected (Int32Array, number, Buffer[], Int32Array)");
  }
  if (count > descriptors_length || count > taken_length) return fail(env, "count is too large");
  if (buffer_count == 0 || buffer_count > MAX_BUFFERS) return fail(env, "expected 1 to 64 buffers");

  struct iovec buffers[MAX_BUFFERS];
  size_t total = 0;
  for (uint32_t i = 0; i < buffer_count; i++) {
    napi_value buffer;
    if (napi_get_element(env, args[2], i, &buffer) != napi_ok ||
        napi_get_buffer_info(env, buffer, &buffers[i].iov_base, &buffers[i].iov_len) != napi_ok) {
      return fail(env, "expected Buffers");
    }
    total += buffers[i].iov_len;
  }
  if (total > INT32_MAX) return fail(env, "too many bytes");

  for (uint32_t i = 0; i < count; i++) {
    taken[i] = (int32_t)send_all(descriptors[i], buffers, buffer_count);
  }
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value send_function, max_buffers;
  if (napi_create_function(env, "send", NAPI_AUTO_LENGTH, batch_send, NULL, &send_function) != napi_ok ||
      napi_set_named_property(env, exports, "send", send_function) != napi_ok ||
      napi_create_uint32(env, MAX_BUFFERS, &max_buffers) != napi_ok ||
      napi_set_named_property(env, exports, "maxBuffers", max_buffers) != napi_ok) {
    return NULL;
  }
  return exports;
}
