export interface StreamedEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Reads a `text/event-stream` piece by piece. The browser's `EventSource` cannot send a token, so
 * the page reads the stream with `fetch`. Comments, ids and retry times are ignored.
 */
export class EventStreamReader {
  private rest = '';

  /** Returns the events that are complete with this piece of text. */
  read(piece: string): StreamedEvent[] {
    const blocks = (this.rest + piece).replace(/\r\n/g, '\n').split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      let event = 'message';
      const data: string[] = [];
      for (const line of block.split('\n')) {
        const [, name, value] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? [];
        if (name === 'event') event = value ?? '';
        if (name === 'data') data.push(value ?? '');
      }
      return data.length === 0 ? [] : [{ event, data: data.join('\n') }];
    });
  }
}
