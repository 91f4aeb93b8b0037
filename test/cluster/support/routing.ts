/** How a proxy finds the pod for a request, expressed in nginx directives. */
export interface Routing {
  /** How clients are recognised, or undefined if that is not needed. */
  readonly by: 'address' | 'cookie' | undefined;
  /** The `http` part: the upstreams, and maps that choose among them. */
  readonly upstreams: (pods: readonly number[]) => string;
  /** The target of `proxy_pass`. */
  readonly target: string;
  /** The directives of the location. */
  readonly location: readonly string[];
}

/** nginx directives for the handling of one request, by name. */
export type Directives = Readonly<Record<string, string>>;

/** Kubernetes decides which pods are used. Failed responses must not take a pod out. */
const server = (pod: number, more = '') => `server 127.0.0.1:${pod} max_fails=0${more};`;
const lines = (directives: Directives) =>
  Object.entries(directives).map(([name, value]) => `${name} ${value};`);

/** @param choice how a pod is chosen, as a directive of `upstream`; empty for round robin */
function upstream(name: string, pods: readonly number[], choice = ''): string {
  return `upstream ${name} { ${[choice, ...pods.map((pod) => server(pod))].join(' ')} }`;
}

/** Any pod. */
export function anywhere(directives: Directives): Routing {
  return {
    by: undefined,
    upstreams: (pods) => upstream('pods', pods),
    target: 'pods',
    location: lines(directives),
  };
}

/**
 * The pod for the client's address on a consistent ring, which moves few addresses when pods
 * change.
 */
export function byAddress(directives: Directives): Routing {
  return {
    by: 'address',
    upstreams: (pods) => upstream('pods', pods, 'hash $remote_addr consistent;'),
    target: 'pods',
    location: lines(directives),
  };
}

export interface Cookie {
  readonly name: string;
  /** The attributes after the value in `Set-Cookie`. */
  readonly attributes: string;
  /** How a pod is chosen for clients without a cookie. */
  readonly choice: string;
  /** Whether other pods are tried if the pod of the cookie fails. */
  readonly others: boolean;
}

/**
 * The pod that a cookie names. A client without a cookie, or with one of a removed pod, is given a
 * new cookie.
 */
export function byCookie({ name, attributes, choice, others }: Cookie, directives: Directives): Routing {
  const own = (pod: number, pods: readonly number[]) => {
    const rest = others ? pods.filter((other) => other !== pod) : [];
    return `upstream pod_${pod} { ${server(pod)} ${rest.map((other) => server(other, ' backup')).join(' ')} }`;
  };
  return {
    by: 'cookie',
    upstreams: (pods) =>
      [
        upstream('any', pods, choice),
        ...pods.map((pod) => own(pod, pods)),
        // Not $cookie_NAME, because names of variables cannot contain hyphens.
        `map $http_cookie $pod { default ""; "~(?:^|; ?)${name}=(?<named>[0-9.:]+)" $named; }`,
        `map $pod $target { default any; ${pods.map((pod) => `"127.0.0.1:${pod}" pod_${pod};`).join(' ')} }`,
        // The last upstream that was tried is the one that responded.
        'map "$pod|$upstream_addr" $set_cookie {',
        '  "~^([^|]+)\\|(?:.*[ ,])?\\1$" "";',
        `  "~(?:^|[|, ])(?<chosen>[0-9.]+:[0-9]+)$" "${name}=$chosen; ${attributes}";`,
        '}',
      ].join('\n'),
    target: '$target',
    location: [...lines(directives), 'add_header Set-Cookie $set_cookie always;'],
  };
}
