behaves!("rust");
