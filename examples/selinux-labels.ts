// Labels in the manner of SELinux: contexts `user:role:type:level` on files and processes, for the conditions obj_type=, subj_type= and
// their like. The security module gives new files a label and moves programs into their domain; the label source tells IMA.
import { type BootOptions, boot, type SecurityModule } from "imasim";
import { selinuxLabels } from "imasim/policy";

type Labels = Exclude<BootOptions["labels"], string | null | undefined>;

const XATTR = "security.selinux";
const UNLABELED = "system_u:object_r:unlabeled_t:s0";
const UNCONFINED = "unconfined_u:unconfined_r:unconfined_t:s0";

/** Which domain a program starts in, by the type of its file. */
const DOMAINS: Readonly<Record<string, string>> = { httpd_exec_t: "system_u:system_r:httpd_t:s0" };

const contextOf = (xattrs: ReadonlyMap<string, Uint8Array>): string => {
  const value = xattrs.get(XATTR);
  return value === undefined ? UNLABELED : new TextDecoder().decode(value).replace(/\0$/, "");
};

export function selinux(): { readonly labels: Labels; readonly module: SecurityModule } {
  const domains = new WeakMap<object, string>();
  const labels: Labels = {
    source: selinuxLabels({
      users: ["system_u", "unconfined_u"],
      roles: ["object_r", "system_r", "unconfined_r"],
      types: ["unlabeled_t", "unconfined_t", "httpd_t", "httpd_exec_t", "httpd_log_t", "etc_t", "home_t"],
    }),
    subject: (task) => domains.get(task) ?? UNCONFINED,
    setSubject(task, label) {
      domains.set(task, label);
      return null;
    },
    object: (inode) => contextOf(inode.xattrs),
  };
  const module: SecurityModule = {
    name: "selinux",
    // A new file has the type of its directory.
    inodeInitSecurity(_task, _inode, directory, _name, xattrs) {
      const context = contextOf(directory.xattrs);
      if (context !== UNLABELED) xattrs.push({ name: XATTR, value: new TextEncoder().encode(`${context}\0`) });
      return null;
    },
    bprmCredsFromFile(task, { file }) {
      const domain = DOMAINS[contextOf(file.inode.xattrs).split(":")[2] ?? ""];
      if (domain !== undefined) domains.set(task, domain);
      return null;
    },
  };
  return { labels, module };
}

const POLICY = `dont_measure obj_type=httpd_log_t
measure func=FILE_CHECK mask=MAY_READ subj_type=httpd_t
measure func=BPRM_CHECK obj_type=httpd_exec_t
`;

/** @returns the names that were measured, in order */
export function demonstrate(): string[] {
  const { labels, module } = selinux();
  const kernel = boot({ labels, modules: [module] });
  kernel.mount("/srv", { fstype: "ext4" });
  const root = kernel.task();
  const relabel = (path: string, type: string) => root.setxattr(path, XATTR, `system_u:object_r:${type}:s0\0`);
  root.mkdir("/srv/log");
  relabel("/srv/log", "httpd_log_t");
  root.writeFile("/srv/httpd", "#!/bin/sh\n", { mode: 0o755 });
  relabel("/srv/httpd", "httpd_exec_t");
  root.writeFile("/srv/httpd.conf", "Listen 80\n");
  relabel("/srv/httpd.conf", "etc_t");
  root.writeFile("/srv/log/access", "GET /\n");
  kernel.securityfs.write("ima/policy", POLICY);

  root.readFile("/srv/httpd.conf"); // by a process of no interest
  const server = kernel.task({ comm: "httpd" });
  labels.setSubject?.(server.process, "system_u:system_r:httpd_t:s0");
  server.readFile("/srv/httpd.conf");
  server.readFile("/srv/log/access");
  kernel.attempt(() => root.execve("/srv/httpd"));
  return kernel.measuredLines().map((line) => line.split(" ").at(-1) ?? "");
}
