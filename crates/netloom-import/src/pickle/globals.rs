//! Which names a pickle may not have: those that are there to run something.

/// Modules of which every name is refused: they run commands or code, or open files and networks.
const MODULES: &[&str] = &[
    "_aix_support",
    "_osx_support",
    "_pickle",
    "_posixsubprocess",
    "_pyrepl",
    "aiohttp",
    "asyncio",
    "bdb",
    "codeop",
    "cProfile",
    "ctypes",
    "dill",
    "distutils",
    "doctest",
    "ensurepip",
    "ftplib",
    "httplib",
    "idlelib",
    "imaplib",
    "importlib",
    "lib2to3",
    "marshal",
    "nt",
    "os",
    "pdb",
    "pickle",
    "pip",
    "pkgutil",
    "popen2",
    "posix",
    "poplib",
    "pty",
    "pydoc",
    "requests",
    "runpy",
    "setuptools",
    "shelve",
    "shutil",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "sys",
    "telnetlib",
    "tempfile",
    "timeit",
    "urllib",
    "urllib2",
    "venv",
    "webbrowser",
    "xmlrpc",
];

/// Names that are refused in modules which are otherwise harmless.
const NAMES: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "__import__",
            "breakpoint",
            "compile",
            "delattr",
            "eval",
            "exec",
            "execfile",
            "exit",
            "globals",
            "input",
            "locals",
            "open",
            "quit",
            "reload",
            "setattr",
            "vars",
        ],
    ),
    ("io", &["open", "open_code", "FileIO"]),
    ("_io", &["open", "open_code", "FileIO"]),
    ("code", &["interact", "compile_command", "InteractiveConsole", "InteractiveInterpreter"]),
    ("commands", &["getoutput", "getstatusoutput", "getstatus"]),
    ("imp", &["load_source", "load_module", "load_compiled", "load_dynamic"]),
    ("operator", &["attrgetter", "methodcaller"]),
    ("_operator", &["attrgetter", "methodcaller"]),
    ("numpy.testing._private.utils", &["runstring"]),
    ("numpy.testing", &["runstring"]),
    ("numpy.f2py", &["compile"]),
    ("numpy.f2py.crackfortran", &["getlincoef", "param_eval", "_eval_length"]),
    ("torch", &["load", "compile"]),
    ("torch.hub", &["load", "load_state_dict_from_url", "download_url_to_file"]),
    ("torch.serialization", &["load"]),
    ("torch.utils.data.datapipes.utils.decoder", &["basichandlers"]),
    ("torch.distributed.rpc", &["rpc_sync", "rpc_async", "remote"]),
    ("torch._dynamo.guards", &["GuardBuilder.get"]),
    ("torch.fx.experimental.symbolic_shapes", &["ShapeEnv.evaluate_guards_expression"]),
    ("torch.utils._config_module", &["ConfigModule.load_config"]),
    ("torch.utils.bottleneck.__main__", &["run_cprofile", "run_autograd_prof"]),
    ("torch.utils.collect_env", &["run"]),
];

/// What [`refused`] says of `getattr`: it depends on its arguments.
pub(super) fn is_getattr(module: &str, name: &str) -> bool {
    plain(module) == "builtins" && name == "getattr"
}

/// Whether a name may not stand in a pickle.
pub(super) fn refused(module: &str, name: &str) -> bool {
    let module = plain(module);
    let top = module.split('.').next().unwrap_or(module);
    let owner = name.split('.').next().unwrap_or(name);
    MODULES.contains(&top)
        // A dotted name reaches through attributes: `sys.modules` by way of anything that has imported `sys`.
        || (name.contains('.') && name.split('.').any(|part| part.starts_with("__") || MODULES.contains(&part)))
        || NAMES.iter().any(|(m, names)| *m == module && (names.contains(&name) || names.contains(&owner)))
}

/// Python 2's name of a module, as Python 3 calls it.
fn plain(module: &str) -> &str {
    match module {
        "__builtin__" | "__builtins__" => "builtins",
        module => module,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_something_is_refused() {
        for (module, name, expected) in [
            ("os", "system", true),
            ("posix", "system", true),
            ("os.path", "join", true),
            ("subprocess", "Popen", true),
            ("__builtin__", "eval", true),
            ("builtins", "exec", true),
            ("builtins", "set", false),
            ("builtins", "getattr", false),
            ("torch.hub", "load", true),
            ("torch._utils", "_rebuild_tensor_v2", false),
            ("torch.nn.modules.conv", "Conv2d", false),
            ("my.net", "helper.__globals__", true),
            ("my.net", "Outer.Inner", false),
            ("my.net", "os.system", true),
            ("collections", "OrderedDict", false),
        ] {
            assert_eq!(refused(module, name), expected, "{module}.{name}");
        }
        assert!(is_getattr("__builtin__", "getattr"));
    }
}
