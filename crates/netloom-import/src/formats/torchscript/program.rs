//! The code of an archive: files by qualified name, parsed when they are asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::ast::{Class, File, Function};
use super::parser;
use crate::Error;
use crate::archive::zip::Zip;

/// The most bytes of one file of code.
const MAX_CODE: u64 = 64 << 20;

/// The code of an archive.
pub(super) struct Program<'a> {
    zip: &'a Zip<'a>,
    /// Files by their path from `code/`, and where they are among the members.
    paths: BTreeMap<String, usize>,
    files: RefCell<BTreeMap<String, Rc<File>>>,
}

impl<'a> Program<'a> {
    /// The code of an archive.
    pub fn new(zip: &'a Zip<'a>) -> Self {
        let path = |name: &str| name.split_once("/code/").map(|(_, rest)| rest.to_owned());
        let paths = zip.members().iter().enumerate().filter_map(|(i, m)| Some((path(&m.name)?, i))).collect();
        Self { zip, paths, files: RefCell::default() }
    }

    /// The file of a module such as `__torch__.torch.nn.modules.conv`.
    fn file(&self, module: &str) -> Result<Rc<File>, Error> {
        if let Some(file) = self.files.borrow().get(module) {
            return Ok(Rc::clone(file));
        }
        let path = format!("{}.py", module.replace('.', "/"));
        let member = self.paths.get(&path).and_then(|i| self.zip.members().get(*i));
        let file =
            match member {
                None => Rc::default(),
                Some(member) => {
                    let bytes = self.zip.bytes(member, MAX_CODE)?;
                    let text = String::from_utf8_lossy(&bytes);
                    Rc::new(parser::parse(&text).map_err(|e| {
                        Error::new(e.kind(), format!("`{}` of the archive: {e}", member.name))
                    })?)
                }
            };
        self.files.borrow_mut().insert(module.to_owned(), Rc::clone(&file));
        Ok(file)
    }

    /// The class of a qualified name.
    pub fn class(&self, name: &str) -> Result<Option<Rc<Class>>, Error> {
        let Some((module, class)) = name.rsplit_once('.') else { return Ok(None) };
        Ok(self.file(module)?.classes.iter().find(|c| c.name == class).cloned())
    }

    /// The function of a qualified name.
    pub fn function(&self, name: &str) -> Result<Option<Rc<Function>>, Error> {
        let Some((module, function)) = name.rsplit_once('.') else { return Ok(None) };
        Ok(self.file(module)?.functions.iter().find(|f| &*f.name == function).cloned())
    }
}

/// The class as its author wrote it: `__torch__.models.___torch_mangle_3.Net` is `Net`.
pub(super) fn plain(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}
