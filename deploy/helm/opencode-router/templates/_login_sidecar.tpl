{{/*
oauth2-proxy beside the router. Its flags cannot send the user's name in X-Auth-Request-Email to the server behind it; they
set that header only in responses, for forward auth. The structured configuration can, and removes a client's own header.
*/}}
{{- define "opencode-router.loginConfig" -}}
{{- $sidecar := .Values.loginProxy.sidecar -}}
server:
  # All addresses, of both families.
  bindAddress: ":4180"
upstreamConfig:
  # Paths stay as sent: some of opencode's contain encoded slashes.
  proxyRawPath: true
  upstreams:
    - id: opencode-router
      path: /
      uri: http://127.0.0.1:3000
      # The host name selects the session.
      passHostHeader: true
      proxyWebSockets: true
      # Streams pass without buffering.
      flushInterval: 10ms
      # Time to the first byte of a response. Requests wait for a session's start, and for an agent's whole turn.
      timeout: 8h
injectRequestHeaders:
  - name: X-Auth-Request-Email
    preserveRequestValue: false
    values:
      - claimSource:
          claim: email
  {{- with .Values.loginProxy.gitTokenHeader }}
  - name: {{ . }}
    preserveRequestValue: false
    values:
      - claimSource:
          claim: access_token
  {{- end }}
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
# Starts before the router and ends after it, so that open streams survive a rollout.
- name: login
  restartPolicy: Always
  image: {{ include "opencode-router.loginImage" . | quote }}
  imagePullPolicy: {{ $sidecar.imagePullPolicy }}
  args:
    - --alpha-config=/etc/login/config.yaml
    - --cookie-secret-file=/etc/login-secret/cookie-secret
    - --cookie-name={{ first .Values.loginProxy.cookieNames }}
    # One login for the router and all sessions.
    - --cookie-domain=.{{ .Values.domain }}
    - --cookie-secure={{ eq .Values.protocol "https" }}
    - --cookie-samesite=lax
    {{- if not .Values.loginProxy.gitTokenHeader }}
    # Without the provider's tokens, which the router does not use: they would make the cookie too large for many proxies.
    - --session-cookie-minimal=true
    {{- end }}
    # Several tabs may log in at the same time.
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
    # Programs get 401 instead of a redirect to the login page.
    - --api-route=^/api/
    - --skip-auth-preflight=false
    - --skip-provider-button=true
    - --silence-ping-logging=true
    # The router logs requests, without queries and cookies.
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
