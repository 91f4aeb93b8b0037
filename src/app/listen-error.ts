import { ConfigError } from '../config/gateway-config.js';

/**
 * Runs `listen`, and rethrows a listen error as a {@link ConfigError} that names the setting to
 * fix.
 * @param name the setting that holds the port
 */
export async function withListenErrors<T>(
  name: 'PORT' | 'ADMIN_PORT',
  { port, host }: { readonly port: number; readonly host: string },
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    throw listenError(name, port, host, error);
  }
}

function listenError(name: string, port: number, host: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new ConfigError(`${name} is "${port}", but that port is in use.`);
    case 'EACCES':
      return new ConfigError(`${name} is "${port}", but must be one that this user may listen on.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError(`HOST is "${host}", but must be an address of this machine, such as 0.0.0.0.`);
    default:
      return error;
  }
}
