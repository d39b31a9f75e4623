// An on-access scanner as a security module of one's own. It stands before IMA in the list and is asked earlier, so what it refuses is
// neither hashed nor measured: the measurement list does not show that somebody tried.
import { boot, KernelError, type SecurityModule } from "imasim";

/** Refuses to open files that contain the signature, whoever asks and for whatever purpose. */
export function scanner(signature: string, found: (report: string) => void): SecurityModule {
  return {
    name: "scanner",
    fileOpen(task, file) {
      if (!file.inode.isRegular || !file.canRead) return null;
      if (!new TextDecoder("latin1").decode(file.inode.bytes()).includes(signature)) return null;
      found(`${task.comm} (uid ${task.cred.uid}) was kept from ${file.path.dentry.name}`);
      return "EPERM";
    },
  };
}

/** @returns what happened, a line each */
export function demonstrate(): string[] {
  const story: string[] = [];
  const kernel = boot({
    cmdline: "ima_policy=tcb",
    modules: [scanner("EVIL-PAYLOAD", (report) => story.push(report))],
  });
  kernel.mount("/srv", { fstype: "ext4" });
  const root = kernel.task({ comm: "cp" });
  root.writeFile("/srv/letter", "Dear all,");
  root.writeFile("/srv/attachment", "… EVIL-PAYLOAD …", { mode: 0o755 });

  for (const path of ["/srv/letter", "/srv/attachment"])
    try {
      kernel.task({ comm: "cat" }).readFile(path);
      story.push(`${path} was read`);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      story.push(`${path}: ${error.syscall} failed with ${error.code}`);
    }
  const run = kernel.attempt(() => kernel.task({ comm: "sh" }).execve("/srv/attachment"));
  if (!run.ok) story.push(`/srv/attachment: ${run.error.syscall} failed with ${run.error.code}`);
  const names = kernel.measuredLines().map((line) => line.split(" ").at(-1));
  story.push(`measured: ${names.join(", ")}`);
  return story;
}
