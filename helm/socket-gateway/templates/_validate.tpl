{{/*
Rejects values that contradict each other, each with a sentence. `values.schema.json` rejects most of them first, with its own words. This
template covers what the schema cannot calculate, and installations with --skip-schema-validation.
*/}}
{{- define "socket-gateway.validate" -}}
{{- $v := .Values }}
{{- $problems := list }}
{{- $several := or $v.autoscaling.enabled $v.keda.enabled (gt (int64 $v.replicaCount) 1) }}
{{- $edge := or $v.ingress.enabled $v.httpRoute.enabled }}
{{- $auth := $v.config.AUTH_MODE | default "off" | toString }}

{{- if and $v.autoscaling.enabled $v.keda.enabled }}
{{- $problems = append $problems "autoscaling and keda are both enabled: they would undo each other's work. Choose one." }}
{{- end }}
{{- range $name, $scaler := dict "autoscaling" $v.autoscaling }}
{{- if and (or $v.autoscaling.enabled $v.keda.enabled) (gt (int64 $scaler.minReplicas) (int64 $scaler.maxReplicas)) }}
{{- $problems = append $problems "autoscaling.minReplicas is more than autoscaling.maxReplicas." }}
{{- end }}
{{- if and (or $v.autoscaling.enabled $v.keda.enabled) (eq (int64 $scaler.targetCPUPercent) 0) (eq (int64 $scaler.targetConnections) 0) }}
{{- $problems = append $problems "autoscaling has neither targetCPUPercent nor targetConnections: there is nothing to scale by." }}
{{- end }}
{{- end }}
{{- if and $v.pdb.enabled (include "socket-gateway.given" $v.pdb.minAvailable) (include "socket-gateway.given" $v.pdb.maxUnavailable) }}
{{- $problems = append $problems "pdb has both minAvailable and maxUnavailable; Kubernetes accepts only one. Set the other to ''." }}
{{- end }}
{{- if and $v.pdb.enabled (not (include "socket-gateway.given" $v.pdb.minAvailable)) (not (include "socket-gateway.given" $v.pdb.maxUnavailable)) }}
{{- $problems = append $problems "pdb has neither minAvailable nor maxUnavailable: it would protect nothing." }}
{{- end }}
{{- range $name := list "ingress" "httpRoute" }}
{{- if and (index $v $name).exposePlainWebSocket (not $v.plainWebSocket.enabled) }}
{{- $problems = append $problems (printf "%s.exposePlainWebSocket is true, but plainWebSocket.enabled is false: nothing answers at /ws. Change one of them." $name) }}
{{- end }}
{{- if and (index $v $name).exposeSse (not $v.sse.enabled) }}
{{- $problems = append $problems (printf "%s.exposeSse is true, but sse.enabled is false: nothing answers at /sse. Change one of them." $name) }}
{{- end }}
{{- if and (index $v $name).exposeRest (not (include "socket-gateway.rest" $)) }}
{{- $problems = append $problems (printf "%s.exposeRest is true, but config.REST_API is false: there is no HTTP API to expose. Change one of them." $name) }}
{{- end }}
{{- end }}
{{- if and $v.serviceMonitor.enabled $v.podMonitor.enabled }}
{{- $problems = append $problems "serviceMonitor and podMonitor are both enabled: everything would be counted twice. Choose one." }}
{{- end }}

{{- if and (include "socket-gateway.polling" .) $several }}
{{- if $edge }}
{{- if eq $v.sticky.provider "none" }}
{{- $problems = append $problems "transports has polling, there may be several pods, and sticky.provider is none: only one pod knows a polling session, and its requests would reach others. Set sticky.provider, or transports to websocket." }}
{{- end }}
{{- else if ne $v.service.sessionAffinity "ClientIP" }}
{{- $problems = append $problems "transports has polling, there may be several pods, and neither ingress nor httpRoute is enabled: set service.sessionAffinity to ClientIP, or transports to websocket." }}
{{- end }}
{{- end }}
{{- if and (include "socket-gateway.polling" .) (ne (toString $v.workers) "1") }}
{{- $problems = append $problems "transports has polling and workers is not 1: all requests of a polling session must reach the same process. Set transports to websocket, or workers to 1." }}
{{- end }}
{{- if and $v.httpRoute.enabled (has $v.sticky.provider (list "traefik" "haproxy" "alb" "openshift" "nginx")) }}
{{- $problems = append $problems (printf "sticky.provider %s works through an Ingress, and httpRoute is enabled: set it to envoy or none." $v.sticky.provider) }}
{{- end }}
{{- if and $v.ingress.enabled (eq $v.sticky.provider "envoy") }}
{{- $problems = append $problems "sticky.provider envoy works through an HTTPRoute, and ingress is enabled: enable httpRoute instead." }}
{{- end }}
{{- if and $v.httpRoute.enabled $v.ingress.enabled }}
{{- $problems = append $problems "ingress and httpRoute are both enabled: choose one." }}
{{- end }}
{{- if and (has $v.sticky.provider (list "traefik" "alb")) (eq $v.sticky.by "address") }}
{{- $problems = append $problems (printf "sticky.by is address, but %s identifies clients only by a cookie." $v.sticky.provider) }}
{{- end }}
{{- if and (eq $v.sticky.provider "alb") (gt (int64 $v.sticky.timeoutSeconds) 4000) }}
{{- $problems = append $problems "sticky.timeoutSeconds is more than the 4000 that alb accepts." }}
{{- end }}
{{- $keepAlive := $v.config.KEEP_ALIVE_TIMEOUT_MS }}
{{- if and $edge (ne $v.sticky.provider "none") (include "socket-gateway.given" $keepAlive) (le (int64 $keepAlive) (mul (int64 $v.sticky.timeoutSeconds) 1000)) }}
{{- $problems = append $problems "config.KEEP_ALIVE_TIMEOUT_MS is not longer than sticky.timeoutSeconds: pods would close connections that the proxy still uses, and requests would get 502. Leave it empty." }}
{{- end }}
{{- if and $v.ingress.enabled (empty $v.ingress.hosts) }}
{{- $problems = append $problems "ingress is enabled, but ingress.hosts is empty." }}
{{- end }}
{{- if and $v.httpRoute.enabled (empty $v.httpRoute.parentRefs) }}
{{- $problems = append $problems "httpRoute is enabled, but httpRoute.parentRefs names no Gateway." }}
{{- end }}

{{- if lt (int64 (include "socket-gateway.graceSeconds" .)) (int64 (include "socket-gateway.minGraceSeconds" .)) }}
{{- $problems = append $problems (printf "terminationGracePeriodSeconds is %s, but preStop (%v s), drain (%v s) and the end of the %s s) take %s: pods would be killed with clients connected. Leave it empty." (include "socket-gateway.graceSeconds" .) (int64 $v.drain.preStopSeconds) (int64 $v.drain.seconds) ($v.istio.enabled | ternary "process and of the sidecar (15" "process (10") (include "socket-gateway.minGraceSeconds" .)) }}
{{- end }}
{{- with ($v.lifecycle | default dict).preStop }}
{{- $pause := int64 $v.drain.preStopSeconds }}
{{- if .sleep }}
{{- if ne (int64 .sleep.seconds) $pause }}
{{- $problems = append $problems (printf "lifecycle.preStop sleeps %v s, and drain.preStopSeconds is %v: set drain.preStopSeconds only. The grace period follows it." (int64 .sleep.seconds) $pause) }}
{{- end }}
{{- else if eq $pause 0 }}
{{- $problems = append $problems "lifecycle.preStop is set, and drain.preStopSeconds is 0, so the grace period would have no time for it: set drain.preStopSeconds to the most seconds that the hook takes." }}
{{- end }}
{{- end }}
{{- with $v.strategy.rollingUpdate }}
{{- if and (ne $v.strategy.type "Recreate") (has (toString .maxSurge) (list "0" "0%")) (has (toString .maxUnavailable) (list "0" "0%")) }}
{{- $problems = append $problems "strategy.rollingUpdate has neither maxSurge nor maxUnavailable: no pod could ever be replaced." }}
{{- end }}
{{- end }}
{{- $name := include "socket-gateway.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
{{- $problems = append $problems (printf "%s is not a valid name for a Service: it must begin with a letter, and contain only small letters, digits and hyphens. Set fullnameOverride." $name) }}
{{- end }}
{{- if and (ne $v.service.type "LoadBalancer") (or $v.service.loadBalancerClass $v.service.loadBalancerSourceRanges) }}
{{- $problems = append $problems (printf "service.loadBalancerClass and service.loadBalancerSourceRanges are for service.type LoadBalancer, and it is %s." $v.service.type) }}
{{- end }}
{{- if and (eq $v.service.type "ClusterIP") $v.service.externalTrafficPolicy }}
{{- $problems = append $problems "service.externalTrafficPolicy is for service.type LoadBalancer and NodePort, and it is ClusterIP." }}
{{- end }}
{{- if and (or (has "IPv6" ($v.service.ipFamilies | default list)) (eq $v.service.ipFamilyPolicy "RequireDualStack")) (ne (toString $v.config.HOST) "::") }}
{{- $problems = append $problems "The Service has IPv6 addresses, and pods listen only on IPv4: set config.HOST to '::'." }}
{{- end }}
{{- if and (eq $v.service.ipFamilyPolicy "SingleStack") (gt (len ($v.service.ipFamilies | default list)) 1) }}
{{- $problems = append $problems "service.ipFamilyPolicy is SingleStack, and service.ipFamilies has two." }}
{{- end }}
{{- $open := list }}
{{- range $v.networkPolicy.redis.ports }}{{- $open = append $open (int64 .) }}{{- end }}
{{- if and $v.networkPolicy.enabled (ne $auth "off") $v.config.JWT_JWKS_URL (not $v.networkPolicy.extraEgress) }}
{{- $url := urlParse $v.config.JWT_JWKS_URL }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (eq $url.scheme "http" | ternary 80 443) | int64 }}
{{- /* Network policies are additive, and some of other kinds work with host names. */}}
{{- $others := false }}
{{- range $v.extraObjects }}{{ if hasSuffix "NetworkPolicy" (toString .kind) }}{{ $others = true }}{{ end }}{{ end }}
{{- if not (or $others (and (has $port $open) (not $v.redis.development.enabled))) }}
{{- $problems = append $problems "config.JWT_JWKS_URL is set, and the network policy blocks it: add a rule to networkPolicy.extraEgress, or no pod becomes ready." }}
{{- end }}
{{- end }}
{{- if and $v.networkPolicy.enabled (not $v.redis.development.enabled) (not $v.secrets.REDIS_URL.existingSecret) }}
{{- $usual := contains "+sentinel" $v.redis.url | ternary 26379 6379 }}
{{- range splitList "," (regexReplaceAll "^[a-z+]+://|/.*$" $v.redis.url "") }}
{{- $port := regexFind ":[0-9]+$" . | trimPrefix ":" | default $usual | int64 }}
{{- if not (has $port $open) }}
{{- $problems = append $problems (printf "redis.url has the port %d, which networkPolicy.redis.ports blocks: add it." $port) }}
{{- end }}
{{- end }}
{{- end }}
{{- $volumes := list }}
{{- range $volume, $secret := dict "secrets" (include "socket-gateway.secretSources" .) "tls" $v.tls.existingSecret "redis-ca" $v.redis.tls.existingSecret }}
{{- if $secret }}{{ $volumes = append $volumes $volume }}{{ end }}
{{- end }}
{{- range $v.extraVolumes }}
{{- if has .name $volumes }}
{{- $problems = append $problems (printf "extraVolumes has %s, which is a name of the chart: give it another name." .name) }}
{{- end }}
{{- end }}
{{- range concat ($v.extraContainers | default list) ($v.extraInitContainers | default list) }}
{{- if eq .name "socket-gateway" }}
{{- $problems = append $problems "extraContainers or extraInitContainers has socket-gateway, which is the name of the gateway's container: give it another name." }}
{{- end }}
{{- end }}
{{- $own := include "socket-gateway.config" . | fromYaml }}
{{- range $name, $from := $v.secrets }}{{ $_ := set $own $name "" }}{{ end }}
{{- range $v.extraEnv }}
{{- if hasKey $own .name }}
{{- $problems = append $problems (printf "extraEnv has %s, which config or another value sets: it would contradict that. Set it there only." .name) }}
{{- end }}
{{- end }}
{{- if eq (int64 $v.ports.http) (int64 $v.ports.admin) }}
{{- $problems = append $problems "ports.http and ports.admin are the same." }}
{{- end }}

{{- if and (ne $auth "off") (not $v.secrets.JWT_SECRET.existingSecret) (not $v.config.JWT_PUBLIC_KEY) (not $v.config.JWT_JWKS_URL) }}
{{- $problems = append $problems (printf "config.AUTH_MODE is %s, but nothing says what tokens are signed with: set secrets.JWT_SECRET, config.JWT_PUBLIC_KEY or config.JWT_JWKS_URL." $auth) }}
{{- end }}
{{- if and (eq $auth "required") (not $v.secrets.SECRET_KEY.existingSecret) }}
{{- $problems = append $problems "config.AUTH_MODE is required, but secrets.SECRET_KEY names no Secret: the gateway would not start." }}
{{- end }}
{{- if and $v.redis.development.enabled (or $v.secrets.REDIS_URL.existingSecret $v.secrets.REDIS_PASSWORD.existingSecret $v.redis.tls.existingSecret) }}
{{- $problems = append $problems "redis.development is enabled together with a Redis of your own (secrets.REDIS_URL, secrets.REDIS_PASSWORD or redis.tls): choose one." }}
{{- end }}
{{- if and $v.redis.username (not $v.secrets.REDIS_PASSWORD.existingSecret) }}
{{- $problems = append $problems "redis.username is set, but secrets.REDIS_PASSWORD names no Secret: a user needs its password." }}
{{- end }}
{{- if and $v.redis.tls.existingSecret (not $v.secrets.REDIS_URL.existingSecret) (not (hasPrefix "rediss" $v.redis.url)) }}
{{- $problems = append $problems "redis.tls is set, but redis.url does not begin with rediss." }}
{{- end }}
{{- if and $edge (not $v.config.TRUST_PROXY) (or (gt (int64 ($v.config.MAX_CONNECTIONS_PER_IP | default 0)) 0) (gt (int64 ($v.config.HANDSHAKES_PER_IP_PER_MINUTE | default 0)) 0)) }}
{{- $problems = append $problems "config limits clients by address, and a proxy is in front of the pods: name its network in config.TRUST_PROXY, or all clients share one address." }}
{{- end }}

{{- if $problems }}
{{- fail (printf "\n\n%s\n" (join "\n" (uniq $problems))) }}
{{- end }}
{{- end }}
