import type { SeccompProfile, SeccompRule } from "./profile.ts";

/** What any program may call: no new privileges, no other namespace, no kernel state can be reached through these. */
const everyone = `
  accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32 clock_adjtime
  clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64
  close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old
  epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat
  faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat
  fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs
  fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat
  get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32
  getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32
  getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr
  getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents
  io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set ipc kill landlock_add_rule
  landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr
  listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier
  memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr
  mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal
  msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat _newselect open
  openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll
  ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 pwrite64 pwritev
  pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages
  removexattr removexattrat rename renameat renameat2 restart_syscall riscv_hwprobe rmdir rseq rt_sigaction
  rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
  rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
  sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
  sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile
  sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid
  setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid
  setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32 setxattr setxattrat
  shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigprocmask sigreturn socketcall socketpair splice
  stat stat64 statfs statfs64 statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time
  timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create
  timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask
  uname unlink unlinkat uretprobe utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write
  writev
`;

const EPERM = 1;
const ENOSYS = 38;
const AF_ALG = 38;
const AF_VSOCK = 40;
/** CLONE_NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWCGROUP. */
const NEW_NAMESPACES = 0x7e020000;
const ALLOW = "SCMP_ACT_ALLOW";
const ERRNO = "SCMP_ACT_ERRNO";

const words = (text: string) => text.trim().split(/\s+/);
const allow = (names: string, filter: Partial<SeccompRule> = {}): SeccompRule => ({
  names: words(names),
  action: ALLOW,
  ...filter,
});
const withCap = (cap: string, names: string) => allow(names, { includes: { caps: [cap] } });
const onArch = (arches: string, names: string) => allow(names, { includes: { arches: words(arches) } });
const argument = (index: number, op: string, value: number) => [{ index, op: `SCMP_CMP_${op}`, value }];

/**
 * Docker's default profile, as its documentation and moby/profiles state it (August 2026): what is not named is
 * refused with EPERM; a few calls depend on capabilities, architecture or the kernel's version.
 */
export const defaultSeccompProfile = (): SeccompProfile => ({
  defaultAction: ERRNO,
  defaultErrnoRet: EPERM,
  archMap: [
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
    { architecture: "SCMP_ARCH_S390X", subArchitectures: ["SCMP_ARCH_S390"] },
    { architecture: "SCMP_ARCH_RISCV64", subArchitectures: [] },
    { architecture: "SCMP_ARCH_LOONGARCH64", subArchitectures: [] },
  ],
  syscalls: [
    allow(everyone),
    // Before 4.8 ptrace(2) could be used to get past seccomp itself.
    allow("process_vm_readv process_vm_writev ptrace", { includes: { minKernel: "4.8" } }),
    // Every address family but two that have been ways into the kernel.
    allow("socket", { args: argument(0, "LT", AF_ALG) }),
    allow("socket", { args: argument(0, "EQ", AF_ALG + 1) }),
    allow("socket", { args: argument(0, "GT", AF_VSOCK) }),
    ...[0x0, 0x8, 0x20000, 0x20008, 0xffffffff].map((value) =>
      allow("personality", { args: argument(0, "EQ", value) }),
    ),
    onArch("ppc64le", "sync_file_range2 swapcontext"),
    onArch("arm arm64", "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"),
    onArch("amd64 x32", "arch_prctl"),
    onArch("amd64 x32 x86", "modify_ldt"),
    onArch("s390 s390x", "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr"),
    onArch("riscv64", "riscv_flush_icache"),
    withCap("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
    withCap(
      "CAP_SYS_ADMIN",
      `bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
       lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname
       sethostname setns syslog umount umount2 unshare`,
    ),
    // Threads and children, but no new namespaces. s390 has the arguments the other way round.
    allow("clone", {
      args: [{ index: 0, op: "SCMP_CMP_MASKED_EQ", value: NEW_NAMESPACES, valueTwo: 0 }],
      excludes: { caps: ["CAP_SYS_ADMIN"], arches: ["s390", "s390x"] },
    }),
    allow("clone", {
      args: [{ index: 1, op: "SCMP_CMP_MASKED_EQ", value: NEW_NAMESPACES, valueTwo: 0 }],
      includes: { arches: ["s390", "s390x"] },
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    }),
    // clone3 hides its flags behind a pointer. ENOSYS makes libc fall back to clone.
    { names: ["clone3"], action: ERRNO, errnoRet: ENOSYS, excludes: { caps: ["CAP_SYS_ADMIN"] } },
    withCap("CAP_SYS_BOOT", "reboot"),
    withCap("CAP_SYS_CHROOT", "chroot"),
    withCap("CAP_SYS_MODULE", "delete_module init_module finit_module"),
    withCap("CAP_SYS_PACCT", "acct"),
    withCap("CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"),
    withCap("CAP_SYS_RAWIO", "iopl ioperm"),
    withCap("CAP_SYS_TIME", "settimeofday stime clock_settime clock_settime64"),
    withCap("CAP_SYS_TTY_CONFIG", "vhangup"),
    withCap("CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    withCap("CAP_SYSLOG", "syslog"),
    withCap("CAP_BPF", "bpf"),
    withCap("CAP_PERFMON", "perf_event_open"),
  ],
});
