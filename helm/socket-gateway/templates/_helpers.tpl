{{- define "socket-gateway.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
At most 46 characters: Kubernetes cuts longer names in the names of pods, which alerts and autoscaling match. Dots are removed, because a release
may have them and a Service may not.
*/}}
{{- define "socket-gateway.fullname" -}}
{{- $name := include "socket-gateway.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 46 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | replace "." "-" | trunc 46 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 46 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "socket-gateway.selectorLabels" -}}
app.kubernetes.io/name: {{ include "socket-gateway.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Selects only the pods of the gateway. The test and the development Redis are other components. */}}
{{- define "socket-gateway.podSelector" -}}
{{ include "socket-gateway.selectorLabels" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{/* commonLabels may replace labels that no selector uses. They are merged, because many tools reject a key that occurs twice. */}}
{{- define "socket-gateway.sharedLabels" -}}
{{- toYaml (merge (dict) (.Values.commonLabels | default dict) (dict "app.kubernetes.io/part-of" "deltastream")) }}
{{- end }}

{{- define "socket-gateway.labels" -}}
{{- $version := .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimAll "-_." }}
{{- $made := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" $version
  "app.kubernetes.io/managed-by" .Release.Service }}
{{- include "socket-gateway.selectorLabels" . }}
{{ toYaml (merge (include "socket-gateway.sharedLabels" . | fromYaml) $made) }}
{{- end }}

{{/* The labels of one object replace common ones, but not those of its selector. */}}
{{- define "socket-gateway.labelsWith" -}}
{{- $kept := include "socket-gateway.selectorLabels" .root | fromYaml }}
{{- with .component }}{{ $_ := set $kept "app.kubernetes.io/component" . }}{{ end }}
{{- toYaml (merge $kept (.labels | default dict) (include "socket-gateway.labels" .root | fromYaml)) }}
{{- end }}

{{/*
The labels of pods do not have the chart's version, because a new chart that changes nothing else about the pods must not roll them out: each
roll-out makes every client reconnect.
*/}}
{{- define "socket-gateway.podLabels" -}}
{{ include "socket-gateway.selectorLabels" . }}
{{ include "socket-gateway.sharedLabels" . }}
{{- end }}

{{/* The image with `global.imageRegistry`, which replaces a first part that has a dot or a colon, or is localhost. */}}
{{- define "socket-gateway.fromRegistry" -}}
{{- $registry := ((.root.Values.global | default dict).imageRegistry) | default "" | trimSuffix "/" }}
{{- if $registry -}}
{{ $registry }}/{{ regexReplaceAll "^(localhost|[^/]*[.:][^/]*)/" .image "" }}
{{- else -}}
{{ .image }}
{{- end -}}
{{- end }}

{{/* The annotations of one object, which replace those of commonAnnotations. Empty if there are none. */}}
{{- define "socket-gateway.annotations" -}}
{{- with merge (dict) (.own | default dict) (.root.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "socket-gateway.image" -}}
{{- $repository := include "socket-gateway.fromRegistry" (dict "root" . "image" .Values.image.repository) }}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/*
For the other pods, of the test and of the development Redis: they use the same nodes and image registry. The rules that keep gateways apart from
each other do not apply to them.
*/}}
{{- define "socket-gateway.placement" -}}
{{- $nodes := (.Values.affinity | default dict).nodeAffinity }}
{{- $affinity := dict }}
{{- with $nodes }}{{ $affinity = dict "nodeAffinity" . }}{{ end }}
{{- range $field, $value := dict "imagePullSecrets" .Values.imagePullSecrets "nodeSelector" .Values.nodeSelector "tolerations" .Values.tolerations "affinity" $affinity }}
{{- with $value }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The number of running pods, for an upgrade that turns an autoscaler on. Otherwise `replicas` would leave the Deployment, and Kubernetes would
set it to 1. Helm 3 removes a field that it once set, so later upgrades keep the number too; an annotation marks this. With an autoscaler since
the first install there is no number, and a rollback changes nothing.
*/}}
{{- define "socket-gateway.keptReplicas" -}}
{{- if or .Values.autoscaling.enabled .Values.keda.enabled }}
{{- $name := include "socket-gateway.fullname" . }}
{{- $live := lookup "apps/v1" "Deployment" .Release.Namespace $name }}
{{- if $live }}
{{- $scaler := .Values.keda.enabled | ternary (list "keda.sh/v1alpha1" "ScaledObject") (list "autoscaling/v2" "HorizontalPodAutoscaler") }}
{{- $scaled := lookup (first $scaler) (last $scaler) .Release.Namespace $name }}
{{- if or (not $scaled) (hasKey ($live.metadata.annotations | default dict) "socket-gateway/kept-replicas") }}
{{- with $live.spec.replicas }}{{ int64 . }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "socket-gateway.ipFamilies" -}}
{{- with .Values.service.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.service.ipFamilies }}
ipFamilies:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "socket-gateway.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "socket-gateway.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* Whether a value is set. 0 is a value; null and '' are not. */}}
{{- define "socket-gateway.given" -}}
{{- if not (or (kindIs "invalid" .) (eq (toString .) "")) }}true{{ end }}
{{- end }}

{{/* The seconds that the gateway takes to stop: the pause, the drain, and the end of the process after it (docs/operations.md). */}}
{{- define "socket-gateway.stopSeconds" -}}
{{- add .Values.drain.preStopSeconds .Values.drain.seconds 10 }}
{{- end }}

{{/* The same for the pod. Istio's sidecar waits as long as the gateway needs, and then takes a moment to end itself. */}}
{{- define "socket-gateway.minGraceSeconds" -}}
{{- add (include "socket-gateway.stopSeconds" .) (.Values.istio.enabled | ternary 5 0) }}
{{- end }}

{{/*
Istio's sidecar gets SIGTERM together with the pod, before the pause of preStop. By default it ends 5 s later and cuts all connections, so it must
wait for the gateway. It starts first, so that the gateway reaches Redis at once.
*/}}
{{- define "socket-gateway.istioAnnotations" -}}
{{- if .Values.istio.enabled }}
proxy.istio.io/config: |
  holdApplicationUntilProxyStarts: true
  terminationDrainDuration: {{ include "socket-gateway.stopSeconds" . }}s
{{- end }}
{{- end }}

{{- define "socket-gateway.graceSeconds" -}}
{{- if not .Values.terminationGracePeriodSeconds }}
{{- include "socket-gateway.minGraceSeconds" . }}
{{- else }}
{{- int64 .Values.terminationGracePeriodSeconds }}
{{- end }}
{{- end }}

{{- define "socket-gateway.polling" -}}
{{- if eq .Values.transports "websocket+polling" }}true{{ end }}
{{- end }}

{{- define "socket-gateway.transports" -}}
{{- $transports := list "websocket" }}
{{- if include "socket-gateway.polling" . }}{{ $transports = prepend $transports "polling" }}{{ end }}
{{- if .Values.plainWebSocket.enabled }}{{ $transports = append $transports "plain-websocket" }}{{ end }}
{{- if .Values.sse.enabled }}{{ $transports = append $transports "sse" }}{{ end }}
{{- $transports | join "," }}
{{- end }}

{{- define "socket-gateway.rest" -}}
{{- if ne (toString .Values.config.REST_API) "false" }}true{{ end }}
{{- end }}

{{/* The paths that an Ingress or a route exposes, as a JSON list. */}}
{{- define "socket-gateway.paths" -}}
{{- $paths := list .path }}
{{- if .exposePlainWebSocket }}{{ $paths = append $paths "/ws" }}{{ end }}
{{- if .exposeSse }}{{ $paths = append $paths "/sse" }}{{ end }}
{{- if .exposeRest }}{{ $paths = append $paths "/v1" }}{{ end }}
{{- toJson $paths }}
{{- end }}

{{/* The same for people. */}}
{{- define "socket-gateway.pathsText" -}}
{{- $paths := include "socket-gateway.paths" . | fromJsonArray -}}
path{{ if gt (len $paths) 1 }}s{{ end }} {{ $paths | join ", " }}
{{- end }}

{{/* What identifies a polling client. Empty if clients need not be identified. */}}
{{- define "socket-gateway.stickyBy" -}}
{{- if and (include "socket-gateway.polling" .) (ne .Values.sticky.provider "none") }}
{{- .Values.sticky.by | default (has .Values.sticky.provider (list "traefik" "alb") | ternary "cookie" "address") }}
{{- end }}
{{- end }}

{{- define "socket-gateway.scheme" -}}
{{- .Values.tls.existingSecret | empty | ternary "http" "https" }}
{{- end }}

{{- define "socket-gateway.appProtocol" -}}
{{- $tls := not (empty .Values.tls.existingSecret) }}
{{- if .Values.service.appProtocol }}
{{- .Values.service.appProtocol }}
{{- else if .Values.httpRoute.enabled }}
{{- ternary "kubernetes.io/wss" "kubernetes.io/ws" $tls }}
{{- else }}
{{- include "socket-gateway.scheme" . }}
{{- end }}
{{- end }}

{{- define "socket-gateway.redisUrl" -}}
{{- if .Values.redis.development.enabled -}}
redis://{{ include "socket-gateway.fullname" . }}-redis:6379/0
{{- else -}}
{{ .Values.redis.url }}
{{- end -}}
{{- end }}

{{/* Helm reads numbers as floats, and the gateway rejects 10000000.0. For ConfigMaps and `resources`. */}}
{{- define "socket-gateway.configValue" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{- define "socket-gateway.config" -}}
{{- range $name, $value := .Values.config }}
{{- if ne (toString $value) "" }}
{{ $name }}: {{ include "socket-gateway.configValue" $value | quote }}
{{- end }}
{{- end }}
PORT: {{ int64 .Values.ports.http | quote }}
ADMIN_PORT: {{ int64 .Values.ports.admin | quote }}
TRANSPORTS: {{ include "socket-gateway.transports" . }}
WORKERS: {{ include "socket-gateway.configValue" .Values.workers | quote }}
DRAIN_TIMEOUT_MS: {{ mul .Values.drain.seconds 1000 | quote }}
{{- if not (include "socket-gateway.given" .Values.config.KEEP_ALIVE_TIMEOUT_MS) }}
KEEP_ALIVE_TIMEOUT_MS: {{ mul (add .Values.sticky.timeoutSeconds 5) 1000 | quote }}
{{- end }}
REDIS_SHARDED_PUBSUB: {{ .Values.redis.shardedPubSub | quote }}
{{- with .Values.redis.keyPrefix }}
KEY_PREFIX: {{ . | quote }}
{{- end }}
{{- with .Values.redis.channelPrefix }}
CHANNEL_PREFIX: {{ . | quote }}
{{- end }}
{{- if .Values.redis.tls.existingSecret }}
REDIS_TLS_CA: /etc/socket-gateway/redis/{{ .Values.redis.tls.key }}
{{- end }}
{{- if .Values.tls.existingSecret }}
TLS_CERT: /etc/socket-gateway/tls/tls.crt
TLS_KEY: /etc/socket-gateway/tls/tls.key
{{- end }}
{{- if not .Values.secrets.REDIS_URL.existingSecret }}
REDIS_URL: {{ include "socket-gateway.redisUrl" . | quote }}
{{- end }}
{{- with .Values.redis.username }}
REDIS_USERNAME: {{ . | quote }}
{{- end }}
{{- end }}

{{/* The variables that ports, probes, affinity and the grace period depend on. They take precedence over extraEnvFrom: with another PORT, pods would never become ready. */}}
{{- define "socket-gateway.ownEnv" -}}
{{- if .Values.extraEnvFrom }}
{{- range $name := list "PORT" "ADMIN_PORT" "TRANSPORTS" "WORKERS" "DRAIN_TIMEOUT_MS" }}
- name: {{ $name }}
  valueFrom:
    configMapKeyRef:
      name: {{ include "socket-gateway.fullname" $ }}
      key: {{ $name }}
{{- end }}
{{- end }}
{{- end }}

{{- define "socket-gateway.secretEnv" -}}
{{- range $name, $from := .Values.secrets }}
{{- if and $from.existingSecret $.Values.secretFiles }}
- name: {{ $name }}_FILE
  value: /etc/socket-gateway/secrets/{{ $name }}
{{- else if $from.existingSecret }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.existingSecret }}
      key: {{ $from.key }}
{{- end }}
{{- end }}
{{- end }}

{{/* The volume of `secretFiles`: one file for each secret, with the name of its variable. Empty without secrets. */}}
{{- define "socket-gateway.secretSources" -}}
{{- if .Values.secretFiles }}
{{- range $name, $from := .Values.secrets }}
{{- if $from.existingSecret }}
- secret:
    name: {{ $from.existingSecret }}
    items:
      - key: {{ $from.key }}
        path: {{ $name }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Selects the series of this release, for the HPA, KEDA and the alerts. */}}
{{- define "socket-gateway.metricSelector" -}}
namespace={{ .Release.Namespace | quote }}, pod=~{{ printf "%s-[a-z0-9]+-[a-z0-9]+" (include "socket-gateway.fullname" .) | quote }}
{{- end }}
