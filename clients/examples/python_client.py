#!/usr/bin/env python3
"""python3 python_client.py [--messages N]     GATEWAY_URL=http://localhost:8002 GATEWAY_TOKEN=…"""
import argparse
import os
import sys
import threading

import socketio

parser = argparse.ArgumentParser()
parser.add_argument('--messages', type=int, help='leave after this many updates')
limit = parser.parse_args().messages

sio = socketio.Client()
done = threading.Event()
# Handlers run in separate threads, so two updates may change places. If order matters, compare
# their timestamps.
lock = threading.Lock()
updates = 0
token = os.environ.get('GATEWAY_TOKEN')
url = os.environ.get('GATEWAY_URL', 'http://localhost:8002')
failed = False


def fail(text):
    """Says why the program cannot go on, and ends it with exit code 1."""
    global failed
    with lock:
        if done.is_set():
            return
        failed = True
        done.set()
        print(text, file=sys.stderr, flush=True)


def show(line):
    """Prints an update, and counts it."""
    global updates
    with lock:
        if done.is_set():
            return
        print(line, flush=True)
        updates += 1
        if updates == limit:
            done.set()


@sio.on('connected')
def on_connected(data):
    print('Connected:', data['client_id'], flush=True)


# Subscribe here: `connect` comes after every reconnection too, and a new connection has no subscriptions. The handler
# of `connected` may run before python-socketio knows that it is connected; `emit` raises BadNamespaceError then.
@sio.on('connect')
def on_connect():
    sio.emit('subscribe', {'type': 'product', 'symbol': 'NIFTY'})
    sio.emit('subscribe', {'type': 'chain', 'symbol': 'NIFTY'})


@sio.on('underlying_update')
def on_underlying(data):
    show(f"{data['product']}: {data['price']}")


@sio.on('chain_summary')
def on_chain_summary(data):
    show(f"{data['product']} {data['expiry']}: PCR {data['pcr_oi']}, max pain {data['max_pain_strike']}")


@sio.on('chain_update')
def on_chain(data):
    show(f"{data['product']} {data['expiry']}: full chain of {len(data['strikes'])} strikes")


# If there is `data`, the gateway itself has rejected the client, which has to reconnect with
# another token.
@sio.on('connect_error')
def on_connect_error(problem):
    if isinstance(problem, dict) and problem.get('data'):
        advice = 'Check the token in GATEWAY_TOKEN.' if token else 'Set GATEWAY_TOKEN to a token.'
        fail(f"Not let in: {problem['data']['code']}: {problem['message']} {advice}")


@sio.on('error')
def on_error(data):
    problems = ''.join(f" {detail['field']} {detail['problem']}." for detail in data.get('details', ()))
    fail(f"Refused: {data.get('code')}: {data['message'].rstrip('.')}.{problems}")


# The gateway closes the connection. After most reasons, python-socketio connects again by itself.
@sio.on('closing')
def on_closing(data):
    if not data['reconnect']:
        fail(f"Closed by the gateway: {data['code']}: {data['message']}")


try:
    sio.connect(url, auth={'token': token} if token else None)
    done.wait()
except socketio.exceptions.ConnectionError as error:
    # The handler of `connect_error` runs in a thread of its own. If the gateway has rejected the
    # client, it is about to say why.
    if not done.wait(1 if 'namespace' in str(error) else 0):
        fail(f'Cannot connect to {url}: {error.__cause__ or error}. Check GATEWAY_URL, and that the gateway runs.')
except KeyboardInterrupt:
    pass
sio.disconnect()
sys.exit(failed)
