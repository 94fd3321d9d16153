package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// Creates the keys of a cluster: its authority, its server's certificate, the signing key of service accounts, and two
// tokens. The administrator and the control plane use one token, the kubelet the other.
func (c *cluster) makeKeys() error {
	authorityKey, err := c.key("authority")
	if err != nil {
		return err
	}
	serverKey, err := c.key("server")
	if err != nil {
		return err
	}
	if _, err := c.key("accounts"); err != nil {
		return err
	}
	authority := &x509.Certificate{
		Subject: pkix.Name{CommonName: "test cluster"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	server := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		IPAddresses: []net.IP{net.ParseIP(c.address()), net.ParseIP(c.firstService()), net.ParseIP("127.0.0.1")},
	}
	if err := c.certificate("authority", authority, authority, authorityKey, authorityKey); err != nil {
		return err
	}
	if err := c.certificate("server", server, authority, serverKey, authorityKey); err != nil {
		return err
	}
	admin, kubelet := word(), word()
	tokens := fmt.Sprintf("%s,admin,admin,system:masters\n%s,system:node:%s,kubelet,system:nodes\n", admin, kubelet, c.name())
	if err := os.WriteFile(c.path("keys", "tokens"), []byte(tokens), 0o600); err != nil {
		return err
	}
	if err := c.kubeconfig("kubeconfig", admin); err != nil {
		return err
	}
	return c.kubeconfig("keys/kubelet", kubelet)
}

func (c *cluster) key(name string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, c.writePEM(name+".key", "EC PRIVATE KEY", der)
}

func (c *cluster) certificate(name string, what, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) error {
	what.SerialNumber = big.NewInt(time.Now().UnixNano())
	what.NotBefore, what.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, what, by, &key.PublicKey, byKey)
	if err != nil {
		return err
	}
	return c.writePEM(name+".crt", "CERTIFICATE", der)
}

func (c *cluster) writePEM(name, kind string, der []byte) error {
	return os.WriteFile(c.path("keys", name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

func (c *cluster) kubeconfig(name, token string) error {
	authority, err := os.ReadFile(c.path("keys", "authority.crt"))
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
users: [{name: test, user: {token: %s}}]
clusters: [{name: test, cluster: {server: "%s", certificate-authority-data: %s}}]
`, token, c.server(), base64.StdEncoding.EncodeToString(authority))
	return os.WriteFile(c.path(name), []byte(text), 0o600)
}

func (c *cluster) server() string { return "https://" + c.address() + ":6443" }

func word() string {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}
