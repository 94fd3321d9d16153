package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Starts a part in the cluster's namespaces and cgroup. It has its own process session and writes its output to a file,
// so that it survives the caller.
func (c *cluster) start(p part) error {
	if c.pid(p) != 0 {
		return fmt.Errorf("%s runs already", p.name)
	}
	log, err := os.OpenFile(c.log(p), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-c", `echo 0 > "$0" && exec "$@"`, filepath.Join(c.own(), "cgroup.procs")}
	args = append(args, c.enter()...)
	args = append(args, p.args...)
	run := exec.Command("/bin/sh", args...)
	run.Dir = c.Dir
	// Nothing of the caller's: no proxy, no user configuration. containerd finds its shim in the first folder.
	run.Env = []string{"PATH=" + c.program("") + ":" + os.Getenv("PATH"), "HOME=" + c.Dir}
	run.Stdout, run.Stderr = log, log
	run.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := run.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { _ = run.Wait(); close(ended) }()
	mark := fmt.Sprintf("%d %s", run.Process.Pid, startTime(run.Process.Pid))
	if err := os.WriteFile(c.path("pids", p.name), []byte(mark), 0o644); err != nil {
		return err
	}
	err = within(2*time.Minute, func() (bool, error) {
		select {
		case <-ended:
			return false, errors.New("it ended at once")
		default:
			return p.ready == nil || p.ready(), nil
		}
	})
	if err != nil {
		return fmt.Errorf("%s does not start: %w\n%s", p.name, err, tail(c.log(p)))
	}
	return nil
}

// Kills a part that ignores SIGTERM for 5 s: the API server would wait a minute for its watches to end.
func (c *cluster) stop(p part) error {
	if err := c.signal(p, syscall.SIGTERM); err != nil {
		return err
	}
	if c.gone(p, 5*time.Second) == nil {
		return nil
	}
	return c.kill(p)
}

func (c *cluster) kill(p part) error {
	if err := c.signal(p, syscall.SIGKILL); err != nil {
		return err
	}
	return c.gone(p, 10*time.Second)
}

func (c *cluster) gone(p part, limit time.Duration) error {
	if err := within(limit, func() (bool, error) { return c.pid(p) == 0, nil }); err != nil {
		return err
	}
	return os.Remove(c.path("pids", p.name))
}

func (c *cluster) freeze(p part) error { return c.signal(p, syscall.SIGSTOP) }
func (c *cluster) thaw(p part) error   { return c.signal(p, syscall.SIGCONT) }

func (c *cluster) signal(p part, signal syscall.Signal) error {
	pid := c.pid(p)
	if pid == 0 {
		return fmt.Errorf("%s does not run", p.name)
	}
	return syscall.Kill(pid, signal)
}

func (c *cluster) log(p part) string { return c.path("logs", p.name) }

// The process of a part, or 0. Its start time distinguishes it from a later process with the same number.
func (c *cluster) pid(p part) int {
	mark, err := os.ReadFile(c.path("pids", p.name))
	if err != nil {
		return 0
	}
	number, started, _ := strings.Cut(string(mark), " ")
	pid, err := strconv.Atoi(number)
	if err != nil || startTime(pid) != started || started == "" {
		return 0
	}
	return pid
}

// The start time of a process in the kernel's ticks. Empty for a dead process.
func startTime(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}

func within(limit time.Duration, done func() (bool, error)) error {
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		if yes, err := done(); err != nil || yes {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("not within %s", limit)
		}
	}
}

func tail(file string) string {
	text, _ := os.ReadFile(file)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
