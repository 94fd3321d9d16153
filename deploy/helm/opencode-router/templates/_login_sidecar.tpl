{{/*
oauth2-proxy beside the router. Flags cannot name the user in X-Auth-Request-Email towards the server behind (they set it
in answers, for forward auth); the structured configuration can, and takes a client's own header away.
*/}}
{{- define "opencode-router.loginConfig" -}}
{{- $sidecar := .Values.loginProxy.sidecar -}}
server:
  bindAddress: "0.0.0.0:4180"
upstreamConfig:
  # Paths as they came: opencode has encoded slashes in some.
  proxyRawPath: true
  upstreams:
    - id: opencode-router
      path: /
      uri: http://127.0.0.1:3000
      # The host name says which session is meant.
      passHostHeader: true
      proxyWebSockets: true
      # Streams pass as they come.
      flushInterval: 10ms
      # Until the first byte of an answer. Requests wait for sessions to start, and for an agent's whole turn.
      timeout: 8h
injectRequestHeaders:
  - name: X-Auth-Request-Email
    preserveRequestValue: false
    values:
      - claimSource:
          claim: email
providers:
  - id: login
    provider: oidc
    clientID: {{ $sidecar.clientId | quote }}
    clientSecretFile: /etc/login-secret/client-secret
    scope: {{ $sidecar.scope | quote }}
    code_challenge_method: S256
    oidcConfig:
      issuerURL: {{ $sidecar.issuerUrl | quote }}
      emailClaim: email
      groupsClaim: groups
      userIDClaim: email
      audienceClaims: [aud]
      insecureSkipNonce: false
{{- end }}

{{- define "opencode-router.loginContainer" -}}
{{- $sidecar := .Values.loginProxy.sidecar -}}
# Started before the router and ended after it, so that open streams outlive a roll-out.
- name: login
  restartPolicy: Always
  image: {{ $sidecar.image | quote }}
  imagePullPolicy: {{ $sidecar.imagePullPolicy }}
  args:
    - --alpha-config=/etc/login/config.yaml
    - --cookie-secret-file=/etc/login-secret/cookie-secret
    - --cookie-name={{ first .Values.loginProxy.cookieNames }}
    # One login for the router and all sessions.
    - --cookie-domain=.{{ .Values.domain }}
    - --cookie-secure={{ eq .Values.protocol "https" }}
    - --cookie-samesite=lax
    # The provider's tokens are no use here, and would make a cookie larger than many a proxy takes in a header.
    - --session-cookie-minimal=true
    # Several tabs may log in at once.
    - --cookie-csrf-per-request=true
    - --cookie-csrf-per-request-limit=16
    - --whitelist-domain=.{{ .Values.domain }}
    - --whitelist-domain={{ .Values.domain }}
    - --redirect-url={{ include "opencode-router.url" . }}/oauth2/callback
    {{- range $sidecar.emailDomains }}
    - --email-domain={{ . }}
    {{- end }}
    - --reverse-proxy=true
    {{- range $sidecar.trustedProxyIps }}
    - --trusted-proxy-ip={{ . }}
    {{- end }}
    # Programs are told 401, and not sent to a login page.
    - --api-route=^/api/
    - --skip-auth-preflight=false
    - --skip-provider-button=true
    - --silence-ping-logging=true
    # Requests are the router's to log, without queries and cookies.
    - --request-logging=false
    {{- with $sidecar.extraArgs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: login
      containerPort: 4180
  startupProbe:
    httpGet: {path: /ping, port: login}
    periodSeconds: 1
    failureThreshold: 60
  readinessProbe:
    httpGet: {path: /ready, port: login}
    periodSeconds: 5
  livenessProbe:
    httpGet: {path: /ping, port: login}
  securityContext:
    {{- include "opencode-router.containerSecurity" . | nindent 4 }}
  resources:
    {{- toYaml $sidecar.resources | nindent 4 }}
  volumeMounts:
    - name: login
      mountPath: /etc/login
      readOnly: true
    - name: login-secret
      mountPath: /etc/login-secret
      readOnly: true
{{- end }}
