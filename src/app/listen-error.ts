import { ConfigError } from '../config/gateway-config.js';

interface ListenSettings {
  readonly port: 'PORT' | 'ADMIN_PORT';
  readonly host: 'HOST' | 'ADMIN_HOST';
}

/**
 * Runs `listen`, and rethrows a listen error as a {@link ConfigError} that names the setting to
 * fix.
 * @param names the settings that hold port and address
 */
export async function withListenErrors<T>(
  names: ListenSettings,
  { port, host }: { readonly port: number; readonly host: string },
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    throw listenError(names, port, host, error);
  }
}

function listenError(names: ListenSettings, port: number, host: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new ConfigError(`${names.port} is "${port}", but that port is in use.`);
    case 'EACCES':
      return new ConfigError(`${names.port} is "${port}", but must be one that this user may listen on.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError(
        `${names.host} is "${host}", but must be an address of this machine, such as 0.0.0.0.`,
      );
    default:
      return error;
  }
}
