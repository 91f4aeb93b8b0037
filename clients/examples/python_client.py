#!/usr/bin/env python3
"""python3 python_client.py [--messages N]     GATEWAY_URL=http://localhost:8002 GATEWAY_TOKEN=…"""
import argparse
import os
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
        print('Not let in:', problem['data']['code'], problem['message'], flush=True)
    else:
        print('Cannot connect:', problem, flush=True)


@sio.on('error')
def on_error(data):
    print('Refused:', data['message'], data.get('code'), data.get('details'), flush=True)


token = os.environ.get('GATEWAY_TOKEN')
sio.connect(os.environ.get('GATEWAY_URL', 'http://localhost:8002'), auth={'token': token} if token else None)
try:
    done.wait()
except KeyboardInterrupt:
    pass
sio.disconnect()
