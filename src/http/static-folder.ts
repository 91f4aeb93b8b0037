import { readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { NotFoundException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { readStaticFile, sendStaticFile, type StaticFile } from './static-file.js';

/** The media types of the files of a page. No other file is served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The files of a page that the build has made. They are read and compressed once, at the first
 * request. A name can only select one of them, so that no request reaches other files.
 */
export class StaticFolder {
  private files: Promise<ReadonlyMap<string, StaticFile>> | undefined;

  constructor(private readonly folder: string) {}

  /**
   * Sends a file.
   * @param name the path below the folder, such as `assets/index-1a2b3c4d.js`
   * @throws NotFoundException if there is no such file
   * @throws Error if the files cannot be read now
   */
  async send(name: string, cacheControl: string, request: Request, response: Response): Promise<void> {
    const file = await this.get(name);
    if (!file) throw new NotFoundException();
    sendStaticFile(file, cacheControl, request, response);
  }

  private async get(name: string): Promise<StaticFile | undefined> {
    this.files ??= this.read();
    try {
      return (await this.files).get(name);
    } catch (error) {
      this.files = undefined; // it may be temporary, such as too many open files
      throw error;
    }
  }

  private async read(): Promise<ReadonlyMap<string, StaticFile>> {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile() && Object.hasOwn(TYPES, extname(entry.name)))
      .map(({ parentPath, name }) => join(parentPath, name));
    const files = paths.map(async (path) => {
      const name = relative(this.folder, path).replaceAll(sep, '/');
      return [name, await readStaticFile(path, TYPES[extname(path)]!)] as const;
    });
    return new Map(await Promise.all(files));
  }
}
