package main

import (
	"context"
	"net"
	"strings"

	"github.com/miekg/dns"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Resolves only the names of Services: a test must not use the network outside.
func answerNames(kubeconfig, address string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	services := factory.Core().V1().Services().Lister()
	ctx := context.Background()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	lookUp := func(name string) net.IP {
		labels := strings.Split(strings.TrimSuffix(strings.ToLower(name), ".svc.cluster.local."), ".")
		if len(labels) != 2 {
			return nil
		}
		service, err := services.Services(labels[1]).Get(labels[0])
		if err != nil {
			return nil
		}
		return net.ParseIP(service.Spec.ClusterIP)
	}
	dns.HandleFunc(".", func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		answer.Authoritative = true
		for _, q := range question.Question {
			ip := lookUp(q.Name)
			if ip == nil {
				answer.Rcode = dns.RcodeNameError
			} else if q.Qtype == dns.TypeA {
				header := dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 5}
				answer.Answer = append(answer.Answer, &dns.A{Hdr: header, A: ip})
			}
		}
		_ = w.WriteMsg(answer)
	})
	failed := make(chan error)
	for _, network := range []string{"udp", "tcp"} {
		go func() { failed <- dns.ListenAndServe(address, network, nil) }()
	}
	return <-failed
}
