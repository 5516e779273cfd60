has_all_behaviours!("rust");
