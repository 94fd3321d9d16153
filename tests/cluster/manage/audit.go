package main

import "os"

// What service accounts ask the API server for is written to logs/audit, one line of JSON each; nothing else is.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - level: None
    userGroups: ["system:serviceaccounts:kube-system"]
  - level: Metadata
    userGroups: ["system:serviceaccounts"]
`

func (c *cluster) writeAuditPolicy() error {
	return os.WriteFile(c.path("audit.yaml"), []byte(auditPolicy), 0o644)
}
