/** How a proxy finds the pod of a request, in nginx' words. */
export interface Routing {
  /** What a client is known by; undefined where nobody needs to know. */
  readonly by: 'address' | 'cookie' | undefined;
  /** Of `http`: the upstreams, and maps that choose among them. */
  readonly upstreams: (pods: readonly number[]) => string;
  /** What `proxy_pass` leads to. */
  readonly target: string;
  /** Directives of the location. */
  readonly location: readonly string[];
}

/** What nginx has for what a proxy does with one request, by directive. */
export type Directives = Readonly<Record<string, string>>;

/** Pods are in and out by what Kubernetes says of them, never by what their last answers were. */
const server = (pod: number, more = '') => `server 127.0.0.1:${pod} max_fails=0${more};`;
const lines = (directives: Directives) =>
  Object.entries(directives).map(([name, value]) => `${name} ${value};`);

/** @param choice how a pod is chosen, as a directive of `upstream`; empty: in turn */
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

/** The pod that the client's address comes to on a ring of all of them, which moves few when pods come or go. */
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
  /** As after the value in `Set-Cookie`. */
  readonly attributes: string;
  /** How a pod is chosen for those without a cookie. */
  readonly choice: string;
  /** Whether others are asked where the pod of the cookie fails. */
  readonly others: boolean;
}

/** The pod that a cookie names; who has none, or one of a pod that is gone, is given another's. */
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
        // Not $cookie_NAME: variables have no hyphens.
        `map $http_cookie $pod { default ""; "~(?:^|; ?)${name}=(?<named>[0-9.:]+)" $named; }`,
        `map $pod $target { default any; ${pods.map((pod) => `"127.0.0.1:${pod}" pod_${pod};`).join(' ')} }`,
        // The last of those that were asked is the one that answered.
        'map "$pod|$upstream_addr" $set_cookie {',
        '  "~^([^|]+)\\|(?:.*[ ,])?\\1$" "";',
        `  "~(?:^|[|, ])(?<chosen>[0-9.]+:[0-9]+)$" "${name}=$chosen; ${attributes}";`,
        '}',
      ].join('\n'),
    target: '$target',
    location: [...lines(directives), 'add_header Set-Cookie $set_cookie always;'],
  };
}
