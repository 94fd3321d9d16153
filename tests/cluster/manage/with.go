package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Not /tmp, which is memory on many machines: a cluster needs a gigabyte. The path is short because of the sockets.
const temporary = "/var/tmp/opencode-cluster-"

// Runs a command beside a fresh cluster, and always takes the cluster down. Returns the command's status.
func with(command []string) (int, error) {
	ends := make(chan os.Signal, 8)
	signal.Notify(ends, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	sweep()
	dir, lock, err := fresh()
	if err != nil {
		return 1, err
	}
	defer lock.Close()
	program, err := os.Executable()
	if err != nil {
		return 1, err
	}
	// Each runs in its own process, so that a signal can interrupt it anywhere.
	up := exec.Command(program, "up", dir)
	status, err := supervise(up, ends)
	if err == nil && status == 0 {
		if err = tell(dir); err != nil {
			status = 1
		}
	}
	if err == nil && status == 0 {
		run := exec.Command(command[0], command[1:]...)
		run.Stdin, run.Stdout = os.Stdin, os.Stdout
		status, err = supervise(run, ends)
	}
	// The signals stay caught, so that a second Ctrl-C does not prevent the cleanup.
	if left := down(dir); left != nil {
		return max(status, 1), errors.Join(err, left)
	}
	return status, err
}

// The command's environment.
func tell(dir string) error {
	c, err := open(dir)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"TEST_KUBECONFIG": c.path("kubeconfig"),
		"TEST_CLUSTER":    dir,
		// Connections from this machine to a pod through a Service seem to come from the pod's own gateway.
		"TEST_PROXY_CIDRS": c.podGateway() + "/32",
		"PATH":             c.path("bin") + ":" + os.Getenv("PATH"),
		// Connections to the cluster bypass any proxy.
		"NO_PROXY": cmp.Or(os.Getenv("NO_PROXY"), os.Getenv("no_proxy"), "localhost,127.0.0.1") +
			",10.201.0.0/16,10.202.0.0/16,10.203.0.0/16",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// Runs a process to its end and passes signals on to it. Kills a process that ignores them.
func supervise(process *exec.Cmd, ends <-chan os.Signal) (int, error) {
	// The process must end with this one. The kernel watches the thread that started it, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	process.Stderr = os.Stderr
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := process.Start(); err != nil {
		return 127, err
	}
	ended := make(chan struct{})
	go func() { _ = process.Wait(); close(ended) }()
	var kill <-chan time.Time
	interrupted := 0
	for {
		select {
		case end := <-ends:
			interrupted = 128 + int(end.(syscall.Signal))
			_ = process.Process.Signal(end)
			kill = time.After(10 * time.Second)
		case <-kill:
			_ = process.Process.Kill()
		case <-ended:
			state := process.ProcessState.Sys().(syscall.WaitStatus)
			switch {
			case interrupted > 0:
				return interrupted, nil
			case state.Signaled():
				return 128 + int(state.Signal()), nil
			}
			return state.ExitStatus(), nil
		}
	}
}

// A new directory, locked while this process lives.
func fresh() (string, *os.File, error) {
	for {
		dir, err := os.MkdirTemp(filepath.Dir(temporary), filepath.Base(temporary)+"*")
		if err != nil {
			return "", nil, err
		}
		// Until it was locked, another run may have removed it as a leftover.
		if lock := claim(dir); lock != nil {
			return dir, lock, nil
		}
	}
}

// Takes down clusters of earlier, killed runs: no process holds their lock.
func sweep() {
	left, _ := filepath.Glob(temporary + "*")
	for _, dir := range left {
		lock := claim(dir)
		if lock == nil {
			continue
		}
		if err := down(dir); err != nil {
			fmt.Fprintf(os.Stderr, "%s is left of an earlier run and cannot be taken down: %v\n", dir, err)
		}
		lock.Close()
	}
}

// The lock of one of these directories, or nothing if another process holds it.
func claim(dir string) *os.File {
	lock, err := os.Open(dir)
	if err != nil {
		return nil
	}
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		opened, err := lock.Stat()
		now, gone := os.Lstat(dir)
		if err == nil && gone == nil && os.SameFile(opened, now) && now.Sys().(*syscall.Stat_t).Uid == 0 {
			return lock
		}
	}
	lock.Close()
	return nil
}
